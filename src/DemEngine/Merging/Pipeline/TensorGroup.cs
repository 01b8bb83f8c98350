using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// A tensor of one or more outputs that differ in their parameters only: each part of the inputs is read once for all of them, and what is
/// measured alike is measured once.
/// </summary>
internal sealed class TensorGroup
{
    private readonly Lock _lock = new();
    private InputCache? _held;
    private int _tilesMade;

    /// <param name="members">At least one, of the same place in the same layout.</param>
    public TensorGroup(IEnumerable<TensorProgress> members)
    {
        Members = [.. members];
        PassCount = Members.Max(member => member.Passes.Count);
    }

    /// <summary>The tensor, once for each output.</summary>
    public ImmutableArray<TensorProgress> Members { get; }

    /// <summary>Its place, the same in all.</summary>
    public PlacedTensor Place => Members[0].Place;

    /// <summary>The most passes that go before any is made.</summary>
    public int PassCount { get; }

    /// <summary>Number of tiles that are made.</summary>
    public int TileCount => Members[0].TileCount;

    /// <summary>Bytes that are read for all.</summary>
    public long BytesRead => Members.Max(member => member.Tensor.BytesRead);

    /// <summary>Bytes that are written for all.</summary>
    public long BytesWritten => Members.Length * Place.Spec.ByteLength;

    /// <summary>Follows outputs that differ in their parameters only.</summary>
    /// <param name="tensors">The same tensor of each, and where it goes.</param>
    /// <param name="place">Its place in the layout.</param>
    /// <param name="tileBytes">In a tile.</param>
    public static TensorGroup Of(IEnumerable<(OutputTensor Tensor, IPlannedOutput Output)> tensors, PlacedTensor place, int tileBytes)
    {
        var members = new List<TensorProgress>();
        var measured = new Dictionary<string, TensorProgress>(StringComparer.Ordinal);
        foreach (var (tensor, output) in tensors)
        {
            TensorProgress? with = tensor.StatisticsKey is { } asks ? measured.GetValueOrDefault(asks) : null;
            var member = new TensorProgress(tensor, place, tileBytes, output, with);
            members.Add(member);
            if (tensor.StatisticsKey is { } own)
                measured.TryAdd(own, member);
        }

        return new TensorGroup(members);
    }

    /// <summary>Tiles of a pass.</summary>
    public int TilesOf(int pass) => In(pass).Max(member => member.Passes[pass].TileCount);

    /// <summary>The elements of a tile.</summary>
    /// <param name="pass">In which it is measured; null if it is made.</param>
    /// <param name="index">Which tile.</param>
    public (long First, int Count) Tile(int? pass, int index) => pass is { } measured
        ? In(measured).First(member => index < member.Passes[measured].TileCount).Passes[measured].Tile(index)
        : Members[0].Tile(index);

    /// <summary>Bytes that are read for an element of a tile.</summary>
    public long ElementBytes(int? pass) => pass is { } measured
        ? In(measured).First().Passes[measured].ElementBytes ?? Members[0].ElementBytes
        : Members[0].ElementBytes;

    /// <summary>What is held from the first tile until <see cref="Release"/>; null where every input is read once, or lies in memory.</summary>
    /// <param name="memory">What there is for it.</param>
    /// <param name="backend">What works on it.</param>
    public InputCache? Hold(BufferPool<NativeBuffer> memory, IMergeBackend backend)
    {
        if (PassCount == 0)
            return null;
        lock (_lock)
        {
            return _held ??= new InputCache(
                [.. Members.Where(member => member.Passes.Count > 0).SelectMany(member => member.Tensor.ReadAgain)], Members[0].TileElements, memory, backend);
        }
    }

    /// <summary>Says that a tile will be read soon, unless all that it needs will be held by then.</summary>
    /// <param name="pass">In which it is measured; null if it is made.</param>
    /// <param name="index">Which tile.</param>
    public void WillNeed(int? pass, int index)
    {
        if (pass is not 0 && Volatile.Read(ref _held) is { HasAll: true })
            return;
        var (first, count) = Tile(pass, index);
        Members[0].Tensor.WillNeed(first, count);
    }

    /// <summary>Holds nothing any more.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _held?.Dispose();
            _held = null;
        }
    }

    /// <summary>Measures a tile.</summary>
    public void Measure(int pass, int index, TileWorkspace workspace, CancellationToken cancel)
    {
        foreach (TensorProgress member in In(pass).Where(member => index < member.Passes[pass].TileCount))
            member.Measure(pass, index, workspace, cancel);
    }

    /// <summary>Makes a tile.</summary>
    public void Make(int index, TileWorkspace workspace, CancellationToken cancel)
    {
        foreach (TensorProgress[] members in Members.Chunk(workspace.Outputs))
            TensorProgress.Make(members, index, workspace, cancel);
        if (Interlocked.Increment(ref _tilesMade) == TileCount)
            Release();
    }

    private IEnumerable<TensorProgress> In(int pass) => Members.Where(member => pass < member.Passes.Count);
}
