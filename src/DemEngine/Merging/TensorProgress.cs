using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>One tensor on its way through the pipeline: what its tiles have given so far.</summary>
internal sealed class TensorProgress
{
    private readonly Lock _lock = new();
    private readonly TensorHasher _hasher;
    private readonly OrderedFold? _fold;
    private readonly ManualResetEventSlim? _solved;
    private NonFinite _nonFinite;
    private int _tilesToMeasure;
    private int _tilesToMake;

    public TensorProgress(OutputTensor tensor, PlacedTensor place, int tileBytes)
    {
        Tensor = tensor;
        Place = place;
        _hasher = new TensorHasher(tensor.Spec.ByteLength);
        TileElements = tileBytes / tensor.Spec.Type.Size;
        TileCount = Tiles(tensor.Spec.Shape.ElementCount);
        MeasuredTileCount = tensor.MeasuredElements == 0 ? 0 : Tiles(tensor.MeasuredElements);
        _tilesToMake = TileCount;
        _tilesToMeasure = MeasuredTileCount;
        if (MeasuredTileCount > 0)
        {
            _fold = new OrderedFold(tensor.MeasuredVectors);
            _solved = new ManualResetEventSlim();
        }
    }

    public OutputTensor Tensor { get; }

    public PlacedTensor Place { get; }

    /// <summary>Elements in a tile; the last may have fewer. A whole number of hash leaves and of Gram leaves.</summary>
    public int TileElements { get; }

    public int TileCount { get; }

    public int MeasuredTileCount { get; }

    /// <summary>The elements of a tile.</summary>
    public (long First, int Count) Tile(int index, long elements)
    {
        long first = (long)index * TileElements;
        return (first, (int)Math.Min(TileElements, elements - first));
    }

    /// <summary>Measures a tile; the last one to be measured solves the tensor.</summary>
    public void Measure(int index, TileWorkspace workspace)
    {
        var (first, count) = Tile(index, Tensor.MeasuredElements);
        double[] sums = new double[GramOrder.LeafCount(count) * GramMatrix.PairCount(Tensor.MeasuredVectors)];
        Tensor.Measure(first, count, sums, workspace);
        _fold!.Add(index, sums);
        if (Interlocked.Decrement(ref _tilesToMeasure) == 0)
        {
            Tensor.Solve(_fold.Sum);
            _solved!.Set();
        }
    }

    /// <summary>Makes a tile, hashes it and hands it on.</summary>
    /// <returns>The finished tensor's entry if it was the last tile to be made; else null.</returns>
    public JournalEntry? Make(int index, TileWorkspace workspace, ITileSink sink, CancellationToken cancel)
    {
        // Tiles are taken in order, so those that this one waits for are in the hands of other threads.
        _solved?.Wait(cancel);

        var (first, count) = Tile(index, Tensor.Spec.Shape.ElementCount);
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

    private JournalEntry Finish() => new(Tensor.Spec.Name, _hasher.Finish(), _nonFinite, Tensor.Remark);

    // An empty tensor has one tile of nothing, so that it is finished like any other.
    private int Tiles(long elements) => checked((int)Math.Max(1, (elements + TileElements - 1) / TileElements));
}
