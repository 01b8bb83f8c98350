using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Diagnostics;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// Outputs that differ in their parameters only and are made together: each part of the inputs is read once for all of them, and
/// statistics that they share are computed once. A single merge is a group of one.
/// </summary>
internal sealed class OutputGroup
{
    private readonly MemoryBudget _budget;
    private readonly CrossTensorPlans _pooled;
    private readonly TensorGroup[] _tensors;

    /// <param name="outputs">Outputs of the group; at least one.</param>
    /// <param name="budget">Memory of the group; see <see cref="BudgetFor"/>.</param>
    public OutputGroup(IReadOnlyList<IPlannedOutput> outputs, MemoryBudget budget)
    {
        _budget = budget;
        _pooled = new CrossTensorPlans(outputs);
        _tensors = outputs is [var only] ? OfOne(only, budget.Tile.Bytes) : OfSeveral(outputs, budget.Tile.Bytes);
        BytesRead = _tensors.Sum(tensor => tensor.BytesRead) + _pooled.BytesRead;
        BytesWritten = _tensors.Sum(tensor => tensor.BytesWritten);
    }

    /// <summary>Number of bytes read for all outputs together.</summary>
    public long BytesRead { get; }

    /// <summary>Number of bytes written for all outputs together.</summary>
    public long BytesWritten { get; }

    // The tensors of one output are in the order of its layout.
    private static TensorGroup[] OfOne(IPlannedOutput output, int tileBytes)
    {
        var tensors = new TensorGroup[output.ToMake.Count];
        for (int k = 0; k < tensors.Length; k++)
        {
            var (tensor, place) = output.ToMake[k];
            tensors[k] = new TensorGroup([new TensorProgress(tensor, place, tileBytes, output)]);
        }

        return tensors;
    }

    private static TensorGroup[] OfSeveral(IReadOnlyList<IPlannedOutput> outputs, int tileBytes) =>
    [
        .. outputs.SelectMany(output => output.ToMake.Select(tensor => (Output: output, tensor.Tensor, tensor.Place)))
            .GroupBy(made => (made.Place.Shard, made.Place.Offset, made.Place.Spec.Name))
            .OrderBy(made => made.Key.Shard).ThenBy(made => made.Key.Offset)
            .Select(made => TensorGroup.Of(made.Select(one => (one.Tensor, one.Output)), made.First().Place, tileBytes)),
    ];

    /// <summary>Divides the memory for carrying out several plans together.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the memory bound is too small.</exception>
    public static MemoryBudget BudgetFor(IReadOnlyCollection<OutputPlan> plans, RunOptions options, IMergeBackend backend) =>
        MemoryBudget.For(
            options.For(backend).Reading(plans.SelectMany(plan => plan.Checkpoints)),
            plans.SelectMany(plan => plan.Demands),
            plans.Count);

    /// <summary>Makes all outputs. Can be called only once.</summary>
    /// <param name="backend">Backend that computes the tiles.</param>
    /// <param name="done">
    /// Callback after every tile; it receives the tensor's name and the number of bytes read and written.
    /// </param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    public void Run(IMergeBackend backend, Action<string, long> done, CancellationToken cancel)
    {
        using (EngineMetrics.Activities.StartActivity("dem.statistics"))
            _pooled.Measure(_budget, backend, done, cancel);
        using Activity? produce = EngineMetrics.Activities.StartActivity("dem.tiles");
        TilePipeline.Run(_tensors, _budget, backend, (task, bytes) => done(task.Group.Place.Spec.Name, bytes), cancel);
    }
}
