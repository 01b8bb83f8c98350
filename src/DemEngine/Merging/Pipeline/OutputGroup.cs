using System.Diagnostics;
using DemEngine.Backends;
using DemEngine.Diagnostics;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// Outputs that differ in their parameters only, made together: each part of the inputs is read once for all of them, and what is measured alike is
/// measured once. A merge by itself is a group of one.
/// </summary>
internal sealed class OutputGroup
{
    private readonly TileSize _tile;
    private readonly long _inputBytes;
    private readonly CrossTensorPlans _pooled;
    private readonly TensorGroup[] _tensors;

    /// <param name="outputs">At least one.</param>
    /// <param name="tile">Size of a tile and number of threads; see <see cref="TileFor"/>.</param>
    public OutputGroup(IReadOnlyList<IPlannedOutput> outputs, TileSize tile)
    {
        _tile = tile;
        _inputBytes = outputs.Max(output => output.Plan.InputBytes(tile));
        _pooled = new CrossTensorPlans(outputs);
        _tensors =
        [
            .. outputs.SelectMany(output => output.ToMake.Select(tensor => (Output: output, tensor.Tensor, tensor.Place)))
                .GroupBy(made => (made.Place.Shard, made.Place.Offset, made.Place.Spec.Name))
                .OrderBy(made => made.Key.Shard).ThenBy(made => made.Key.Offset)
                .Select(made => TensorGroup.Of(made.Select(one => (one.Tensor, one.Output)), made.First().Place, tile.Bytes)),
        ];
        BytesRead = _tensors.Sum(tensor => tensor.BytesRead) + _pooled.BytesRead;
        BytesWritten = _tensors.Sum(tensor => tensor.BytesWritten);
    }

    /// <summary>Bytes that are read for all.</summary>
    public long BytesRead { get; }

    /// <summary>Bytes that are written for all.</summary>
    public long BytesWritten { get; }

    /// <summary>The tiles in which plans can be carried out together.</summary>
    /// <exception cref="DemException">DEM1001: the memory bound is too small.</exception>
    public static TileSize TileFor(IReadOnlyCollection<OutputPlan> plans, RunOptions options, IMergeBackend backend) =>
        TileSize.Choose(options.For(backend), plans.Max(plan => plan.MaxBuffers), plans.Count);

    /// <summary>Makes all. Can be called once.</summary>
    /// <param name="backend">What computes.</param>
    /// <param name="done">Called after every tile with the tensor's name and the bytes that were read and written.</param>
    /// <param name="cancel">Stops between tiles.</param>
    public void Run(IMergeBackend backend, Action<string, long> done, CancellationToken cancel)
    {
        using (EngineMetrics.Activities.StartActivity("dem.statistics"))
            _pooled.Measure(_tile, _inputBytes, backend, done, cancel);
        using Activity? produce = EngineMetrics.Activities.StartActivity("dem.tiles");
        TilePipeline.Run(_tensors, _tile, _inputBytes, backend, (task, bytes) => done(task.Group.Place.Spec.Name, bytes), cancel);
    }
}
