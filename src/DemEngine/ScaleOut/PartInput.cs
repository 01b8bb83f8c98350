namespace DemEngine.ScaleOut;

/// <summary>A file that a part of a merge reads.</summary>
/// <param name="Path">Path of the file, or its address in a store.</param>
/// <param name="Bytes">Bytes of the tensors in it that are read, each counted once.</param>
public sealed record PartInput(string Path, long Bytes);
