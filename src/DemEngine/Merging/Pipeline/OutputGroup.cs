using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Diagnostics;
using DemEngine.Memory;
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
    private readonly IReadOnlyList<IPlannedOutput> _outputs;
    private readonly int[] _toMake;
    private readonly IReadOnlyList<IPlannedOutput>[]? _makers;

    /// <param name="outputs">Outputs of the group; at least one.</param>
    /// <param name="budget">Memory of the group; see <see cref="BudgetFor"/>.</param>
    public OutputGroup(IReadOnlyList<IPlannedOutput> outputs, MemoryBudget budget)
    {
        _budget = budget;
        _outputs = outputs;
        _pooled = new CrossTensorPlans(outputs);
        if (outputs is [var only])
        {
            _toMake = [.. only.ToMake];
        }
        else
        {
            var tensors = outputs.SelectMany(output => output.ToMake.Select(at => (At: at, Output: output)))
                .GroupBy(tensor => tensor.At, tensor => tensor.Output)
                .OrderBy(tensor => tensor.Key)
                .ToArray();
            _toMake = [.. tensors.Select(tensor => tensor.Key)];
            _makers = [.. tensors.Select(tensor => tensor.ToArray())];
        }

        BytesRead = _pooled.BytesRead;
        for (int k = 0; k < _toMake.Length; k++)
        {
            int at = _toMake[k];
            BytesRead += MakersOf(k).Max(output => output.Plan.BytesReadFor(at));
            BytesWritten += MakersOf(k).Count * outputs[0].Plan.Layout.Tensors[at].Spec.ByteLength;
        }
    }

    /// <summary>Number of bytes read for all outputs together.</summary>
    public long BytesRead { get; }

    /// <summary>Number of bytes written for all outputs together.</summary>
    public long BytesWritten { get; }

    // Outputs that are made together have one layout, so that a tensor has the same position in each.
    private IReadOnlyList<IPlannedOutput> MakersOf(int k) => _makers?[k] ?? _outputs;

    private TensorGroup Begin(int k)
    {
        int at = _toMake[k];
        return TensorGroup.Of(
            MakersOf(k).Select(output => (output.Plan.TensorAt(at), output)),
            _outputs[0].Plan.Layout.Tensors[at],
            _budget.Tile.Bytes);
    }

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
        ShardLayout layout = _outputs[0].Plan.Layout;
        using var schedule = new TileSchedule(
            Enumerable.Range(0, _toMake.Length).GroupBy(k => layout.Tensors[_toMake[k]].Shard),
            Begin,
            _budget.Tile.Threads,
            ReadAheadQueue<TileTask>.DepthFor(_budget.Tile.Bytes),
            backend);
        TilePipeline.Run(schedule, _budget, backend, (task, bytes) => done(task.Group.Place.Spec.Name, bytes), cancel);
    }
}
