namespace DemEngine.Merging.Output;

/// <summary>What a finished run did.</summary>
/// <param name="Output">Full path of the output folder.</param>
/// <param name="Backend">What computed.</param>
/// <param name="Tensors">Number of tensors in the output.</param>
/// <param name="Resumed">How many of them an earlier run had finished.</param>
/// <param name="BytesRead">Bytes of tensors read.</param>
/// <param name="BytesWritten">Bytes of shards written.</param>
/// <param name="Seconds">Time in the pipeline: reading, computing, hashing, writing.</param>
/// <param name="SyncSeconds">Time until everything was on disk after that.</param>
/// <param name="NonFinite">Tensors with infinities or NaNs.</param>
/// <param name="Remarks">What the user should hear of.</param>
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
    /// <summary>Bytes read and written a second of pipeline time, in units of 10⁹.</summary>
    public double GigabytesPerSecond => Seconds > 0 ? (BytesRead + BytesWritten) / Seconds / 1e9 : 0;
}
