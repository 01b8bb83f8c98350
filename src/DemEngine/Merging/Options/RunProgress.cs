namespace DemEngine.Merging.Options;

/// <summary>Where a run stands.</summary>
/// <param name="Phase">What is being done, such as <c>merging</c>.</param>
/// <param name="BytesDone">Bytes read and written so far.</param>
/// <param name="BytesTotal">Bytes to be read and written in all.</param>
/// <param name="Tensor">The tensor last begun.</param>
public readonly record struct RunProgress(string Phase, long BytesDone, long BytesTotal, string Tensor);
