using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>One tensor on its way through the pipeline: what its tiles have given so far.</summary>
internal sealed class TensorProgress
{
    private readonly Lock _lock = new();
    private readonly TensorHasher _hasher;
    private readonly int[] _tilesToMeasure;
    private readonly ManualResetEventSlim[] _measured;
    private NonFinite _nonFinite;
    private int _tilesToMake;

    public TensorProgress(OutputTensor tensor, PlacedTensor place, int tileBytes)
    {
        Tensor = tensor;
        Place = place;
        _hasher = new TensorHasher(tensor.Spec.ByteLength);
        TileElements = tileBytes / tensor.Spec.Type.Size;

        // An empty tensor has one tile of nothing, so that it is finished like any other.
        TileCount = checked((int)Math.Max(1, (tensor.Spec.Shape.ElementCount + TileElements - 1) / TileElements));
        _tilesToMake = TileCount;
        ElementBytes = InputCost.Of(tensor.Inputs).ElementBytes;
        Passes = tensor.StartPasses(TileElements);
        _tilesToMeasure = [.. Passes.Select(pass => pass.TileCount)];
        _measured = [.. Passes.Select(_ => new ManualResetEventSlim())];
    }

    public OutputTensor Tensor { get; }

    public PlacedTensor Place { get; }

    /// <summary>Elements in a tile; the last may have fewer. A whole number of hash leaves and of Gram leaves.</summary>
    public int TileElements { get; }

    public int TileCount { get; }

    /// <summary>Bytes that are read for an element that is made.</summary>
    public long ElementBytes { get; }

    /// <summary>What goes before the tensor is made.</summary>
    public IReadOnlyList<MeasuringPass> Passes { get; }

    /// <summary>The elements of a tile that is made.</summary>
    public (long First, int Count) Tile(int index)
    {
        long first = (long)index * TileElements;
        return (first, (int)Math.Min(TileElements, Tensor.Spec.Shape.ElementCount - first));
    }

    /// <summary>Measures a tile in one of the passes; the last one of the last pass solves the tensor.</summary>
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

    /// <summary>Makes a tile, hashes it and hands it on.</summary>
    /// <returns>The finished tensor's entry if it was the last tile to be made; else null.</returns>
    public JournalEntry? Make(int index, TileWorkspace workspace, ITileSink sink, CancellationToken cancel)
    {
        WaitFor(Passes.Count, cancel);
        var (first, count) = Tile(index);
        int size = Tensor.Spec.Type.Size;
        var output = new Memory.TypedBytes(Tensor.Spec.Type, workspace.Output.Slice(0, count * size));
        NonFinite nonFinite = Tensor.Produce(first, output, workspace);

        long offset = first * size;
        _hasher.Add(offset, output.Bytes.Span);
        sink.Write(Place, offset, output.Bytes.Span);

        lock (_lock)
            _nonFinite += nonFinite;

        return Interlocked.Decrement(ref _tilesToMake) == 0 ? Finish() : null;
    }

    /// <summary>Waits for the passes before one. Tiles are taken in order, so what is waited for is in the hands of other threads.</summary>
    private void WaitFor(int pass, CancellationToken cancel)
    {
        if (pass > 0)
            _measured[pass - 1].Wait(cancel);
    }

    private JournalEntry Finish() => new(Tensor.Spec.Name, _hasher.Finish(), _nonFinite, Tensor.Remark);
}
