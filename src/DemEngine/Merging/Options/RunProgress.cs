namespace DemEngine.Merging.Options;

/// <summary>
/// Progress of a run. Reports come one at a time and in order, so that the bytes of a phase never go back: at least twenty a
/// second and one for each thousandth of the bytes, if there is that much to tell, and the last one for all of them. They come
/// from the threads that work, which wait until the callback returns.
/// </summary>
/// <param name="Phase">Name of the current phase, such as <c>merging</c>.</param>
/// <param name="BytesDone">Bytes read and written so far.</param>
/// <param name="BytesTotal">Total bytes to be read and written.</param>
/// <param name="Tensor">Name of the tensor begun last.</param>
public readonly record struct RunProgress(string Phase, long BytesDone, long BytesTotal, string Tensor)
{
    /// <summary>Tensors that are finished, those of an earlier run included; 0 where they are not counted.</summary>
    public int TensorsDone { get; init; }

    /// <summary>Tensors to be finished; 0 where they are not counted.</summary>
    public int TensorsTotal { get; init; }

    /// <summary>File of the output that the tensor goes into; null where there is none.</summary>
    public string? Shard { get; init; }
}
