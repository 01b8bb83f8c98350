using DemEngine.Backends;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// The cross-tensor statistics of outputs that differ in their parameters only. Outputs that ask for the same statistics of every
/// tensor share one computation.
/// </summary>
internal sealed class CrossTensorPlans
{
    /// <summary>
    /// Tensors of the plans, grouped by plans that ask for the same statistics, with the names of those that any of them makes.
    /// </summary>
    private readonly (OutputTensor[][] Plans, HashSet<string> Needed)[] _alike;

    /// <param name="outputs">Outputs to be written; those that need no cross-tensor statistics any more are ignored.</param>
    public CrossTensorPlans(IEnumerable<IPlannedOutput> outputs) => _alike =
    [
        .. outputs
            .Select(output => (
                Tensors: output.Plan.PooledFor(output.ToMake).ToArray(),
                Needed: output.ToMake.Select(at => output.Plan.Layout.Tensors[at].Spec.Name)))
            .Where(plan => plan.Tensors.Length > 0)
            .GroupBy(plan => Key(plan.Tensors))
            .Select(alike => (
                alike.Select(plan => plan.Tensors).ToArray(),
                alike.SelectMany(plan => plan.Needed).ToHashSet(StringComparer.Ordinal))),
    ];

    /// <summary>Number of input bytes that the statistics read.</summary>
    public long BytesRead => _alike.Sum(alike => CrossTensorPart.BytesRead(alike.Plans[0], alike.Needed));

    /// <summary>Computes the statistics; see <see cref="CrossTensorStatistics.Run"/>.</summary>
    public void Measure(
        MemoryBudget budget,
        IMergeBackend backend,
        Action<string, long> tileDone,
        CancellationToken cancel)
    {
        foreach (var (plans, needed) in _alike)
        {
            CrossTensorStatistics.Run(plans[0], needed, budget, backend, tileDone, cancel);
            foreach (OutputTensor[] other in plans[1..])
            {
                foreach (var (tensor, measured) in other.Zip(plans[0]))
                {
                    if (needed.Contains(tensor.Spec.Name))
                        Take(tensor, measured);
                }
            }
        }
    }

    /// <summary>
    /// The key that describes all statistics of a plan. Which tensors of a plan are grouped depends on all of its statistics, so
    /// one difference makes the whole plan different.
    /// </summary>
    private static ValueList<(string, int, object)> Key(OutputTensor[] tensors) =>
    [
        .. tensors.SelectMany(tensor => tensor.CrossTensorParts)
            .Select(part => (part.Tensor, part.Order, part.Measurement.Key)),
    ];

    private static void Take(OutputTensor tensor, OutputTensor measured)
    {
        if (tensor.CrossTensorParts.Count == 0)
            return;
        foreach (var (own, of) in tensor.CrossTensorParts.Zip(measured.CrossTensorParts))
            own.Measurement.TakeFrom(of.Measurement);
        tensor.CrossTensorStatisticsDone();
    }
}
