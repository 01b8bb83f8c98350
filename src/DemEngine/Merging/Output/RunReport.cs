namespace DemEngine.Merging.Output;

/// <summary>The report of a finished run.</summary>
/// <param name="Output">Full path of the output folder.</param>
/// <param name="Backend">Name of the backend that computed the output.</param>
/// <param name="Tensors">Number of tensors in the output.</param>
/// <param name="Resumed">Number of those tensors that an earlier run had finished.</param>
/// <param name="BytesRead">Number of tensor bytes read.</param>
/// <param name="BytesWritten">Number of shard bytes written.</param>
/// <param name="Seconds">Time spent in the pipeline (reading, computing, hashing and writing), in seconds.</param>
/// <param name="SyncSeconds">Time from the end of the pipeline until everything was on disk, in seconds.</param>
/// <param name="NonFinite">Tensors with infinities or NaNs.</param>
/// <param name="Remarks">Warnings for the user.</param>
public sealed record RunReport(
    string Output,
    string Backend,
    int Tensors,
    int Resumed,
    long BytesRead,
    long BytesWritten,
    double Seconds,
    double SyncSeconds,
    IReadOnlyList<NonFiniteTensor> NonFinite,
    IReadOnlyList<string> Remarks)
{
    /// <summary>Throughput of the pipeline: bytes read and written per second, in units of 10⁹.</summary>
    public double GigabytesPerSecond => Seconds > 0 ? (BytesRead + BytesWritten) / Seconds / 1e9 : 0;
}
