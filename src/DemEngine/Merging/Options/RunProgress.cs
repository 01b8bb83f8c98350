namespace DemEngine.Merging.Options;

/// <summary>Progress of a run.</summary>
/// <param name="Phase">Name of the current phase, such as <c>merging</c>.</param>
/// <param name="BytesDone">Bytes read and written so far.</param>
/// <param name="BytesTotal">Total bytes to be read and written.</param>
/// <param name="Tensor">Name of the tensor begun last.</param>
public readonly record struct RunProgress(string Phase, long BytesDone, long BytesTotal, string Tensor);
