using DemEngine.Backends;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// What is measured over several tensors together, for outputs that differ in their parameters only: once for all that ask the same of every tensor.
/// </summary>
internal sealed class CrossTensorPlans
{
    /// <summary>The tensors of plans; in each list those of plans that ask the same.</summary>
    private readonly OutputTensor[][][] _alike;

    /// <param name="outputs">What is made. Those that need nothing of the kind any more play no part.</param>
    public CrossTensorPlans(IEnumerable<IPlannedOutput> outputs) => _alike =
    [
        .. outputs.Select(output => output.Plan.PooledFor(output.ToMake.Select(tensor => tensor.Tensor)).ToArray())
            .Where(tensors => tensors.Length > 0)
            .GroupBy(Asks, StringComparer.Ordinal)
            .Select(alike => alike.ToArray()),
    ];

    /// <summary>Bytes that are read.</summary>
    public long BytesRead => _alike.Sum(plans => CrossTensorPart.BytesRead(plans[0]));

    /// <summary>Measures; see <see cref="CrossTensorStatistics.Run"/>.</summary>
    public void Measure(TileSize tile, long inputBytes, IMergeBackend backend, Action<string, long> tileDone, CancellationToken cancel)
    {
        foreach (OutputTensor[][] plans in _alike)
        {
            CrossTensorStatistics.Run(plans[0], tile, inputBytes, backend, tileDone, cancel);
            foreach (OutputTensor[] other in plans[1..])
            {
                foreach (var (tensor, measured) in other.Zip(plans[0]))
                    Take(tensor, measured);
            }
        }
    }

    /// <summary>Which tensors are measured together by themselves depends on what is asked of all, so that one difference is a difference of all.</summary>
    private static string Asks(OutputTensor[] tensors) => string.Join('\n', tensors.SelectMany(tensor => tensor.CrossTensorParts).Select(part =>
        $"{part.Tensor} {part.Order} {part.Measurement.GetType().Name} {part.Measurement.Scope} {part.Measurement.Terms}"));

    private static void Take(OutputTensor tensor, OutputTensor measured)
    {
        if (tensor.CrossTensorParts.Count == 0)
            return;
        foreach (var (own, of) in tensor.CrossTensorParts.Zip(measured.CrossTensorParts))
            own.Measurement.TakeFrom(of.Measurement);
        tensor.CrossTensorStatisticsDone();
    }
}
