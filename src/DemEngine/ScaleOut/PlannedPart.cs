namespace DemEngine.ScaleOut;

/// <summary>One part of a merge.</summary>
/// <param name="FirstTensor">Position of its first tensor in the order of the shards.</param>
/// <param name="Tensors">Number of tensors.</param>
/// <param name="BytesMoved">Number of bytes that are read and written for them.</param>
/// <param name="BytesWritten">Number of bytes of the tensors.</param>
public sealed record PlannedPart(int FirstTensor, int Tensors, long BytesMoved, long BytesWritten);
