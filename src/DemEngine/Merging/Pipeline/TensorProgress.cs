using DemEngine.Checkpoints;
using DemEngine.Diagnostics;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Pipeline;

/// <summary>The progress of one tensor through the pipeline: what its tiles have contributed so far.</summary>
internal sealed class TensorProgress
{
    private readonly Lock _lock = new();
    private readonly int[] _tilesToMeasure;
    private readonly ManualResetEventSlim[] _measured;
    private readonly TensorProgress? _measuredWith;
    private readonly Lazy<bool>? _taken;
    private readonly IPlannedOutput _output;
    private NonFinite _nonFinite;
    private int _tilesToMake;

    /// <param name="tensor">The tensor to make.</param>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="tileBytes">Tile size in bytes.</param>
    /// <param name="output">Output that receives the tensor.</param>
    /// <param name="measuredWith">
    /// Another tensor whose statistics this one shares, so that this one needs no passes of its own; null for none.
    /// </param>
    public TensorProgress(
        OutputTensor tensor,
        PlacedTensor place,
        int tileBytes,
        IPlannedOutput output,
        TensorProgress? measuredWith = null)
    {
        _output = output;
        _measuredWith = measuredWith;
        _taken = measuredWith is null ? null : new Lazy<bool>(TakeMeasured);
        Tensor = tensor;
        Place = place;
        TileElements = tileBytes / tensor.Spec.Type.Size;

        // An empty tensor has one tile without elements, so that it is finished like any other.
        TileCount = checked((int)Math.Max(1, (tensor.Spec.UnitCount + TileElements - 1) / TileElements));
        _tilesToMake = TileCount;
        ElementBytes = InputCost.Of(tensor.Inputs).ElementBytes;
        Passes = measuredWith is null ? tensor.StartPasses(TileElements) : [];
        _tilesToMeasure = [.. Passes.Select(pass => pass.TileCount)];
        _measured = [.. Passes.Select(_ => new ManualResetEventSlim())];
    }

    public OutputTensor Tensor { get; }

    public PlacedTensor Place { get; }

    /// <summary>
    /// Number of elements, or other units, in a tile; the last tile may have fewer. A whole number of hash leaves and of Gram
    /// leaves.
    /// </summary>
    public int TileElements { get; }

    public int TileCount { get; }

    /// <summary>Number of bytes read for each element that is made.</summary>
    public long ElementBytes { get; }

    /// <summary>The statistics passes that run before the tensor is made.</summary>
    public IReadOnlyList<StatisticsPass> Passes { get; }

    /// <summary>Returns the range of elements that a tile covers when it is made.</summary>
    public (long First, int Count) Tile(int index)
    {
        long first = (long)index * TileElements;
        return (first, (int)Math.Min(TileElements, Tensor.Spec.UnitCount - first));
    }

    /// <summary>
    /// Computes the statistics of a tile in one of the passes; the last tile of the last pass solves the tensor.
    /// </summary>
    public void Measure(int pass, int index, TileWorkspace workspace, CancellationToken cancel)
    {
        WaitFor(pass, cancel);
        var (first, count) = Passes[pass].Tile(index);
        if (count > 0)
            Passes[pass].Measure(index, first, count, workspace);
        if (Interlocked.Decrement(ref _tilesToMeasure[pass]) > 0)
            return;

        Passes[pass].Finish(workspace);
        if (pass == Passes.Count - 1)
            Tensor.Solve();
        _measured[pass].Set();
    }

    /// <summary>Makes the same tile of tensors that differ in their parameters only, and writes each to its output.</summary>
    /// <param name="members">The tensors; no more than the workspace has output tiles for.</param>
    /// <param name="index">Index of the tile.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <param name="cancel">Token that stops the wait for statistics still being computed.</param>
    public static void Make(TensorProgress[] members, int index, TileWorkspace workspace, CancellationToken cancel)
    {
        foreach (TensorProgress member in members)
            member.WaitUntilSolved(cancel);

        TensorProgress one = members[0];
        var (first, count) = one.Tile(index);
        int size = one.Tensor.Spec.Type.Size;
        TypedBytes[] tiles =
        [
            .. members.Select((member, k) => new TypedBytes(
                member.Tensor.Spec.Type,
                member._output.RoomFor(member.Place, first * size, workspace.Output(k).Slice(0, count * size)))),
        ];
        NonFinite[] nonFinite = one.Tensor.ProduceEach([.. members.Select(member => member.Tensor)], first, tiles, workspace);
        for (int k = 0; k < members.Length; k++)
            members[k].TileMade(first * size, tiles[k].Bytes, nonFinite[k]);
    }

    private void WaitUntilSolved(CancellationToken cancel)
    {
        WaitFor(Passes.Count, cancel);
        if (_measuredWith is not null)
        {
            _measuredWith.WaitFor(_measuredWith.Passes.Count, cancel);
            _ = _taken!.Value;
        }
    }

    private void TileMade(long offset, NativeBytes tile, NonFinite nonFinite)
    {
        _output.Write(Place, offset, tile);
        lock (_lock)
            _nonFinite += nonFinite;
        if (Interlocked.Decrement(ref _tilesToMake) == 0)
        {
            EngineMetrics.Tensors.Add(1);
            _output.Finished(Tensor, _nonFinite);
        }
    }

    /// <summary>
    /// Waits for the passes before the given one. Tiles are taken in order, so other threads are already working on them.
    /// </summary>
    private void WaitFor(int pass, CancellationToken cancel)
    {
        if (pass > 0)
            _measured[pass - 1].Wait(cancel);
    }

    private bool TakeMeasured()
    {
        Tensor.ReuseStatistics(_measuredWith!.Tensor);
        return true;
    }
}
