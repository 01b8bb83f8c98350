using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// The same tensor of one or more outputs that differ in their parameters only: each part of the inputs is read once for all of
/// them, and statistics that they share are computed once.
/// </summary>
internal sealed class TensorGroup
{
    private readonly Lock _lock = new();
    private InputCache? _held;
    private int _tilesMade;

    /// <param name="members">The tensor in each output; at least one, all with the same place in the same layout.</param>
    public TensorGroup(IEnumerable<TensorProgress> members)
    {
        Members = [.. members];
        PassCount = Members.Max(member => member.Passes.Count);
    }

    /// <summary>The tensor in each output.</summary>
    public ImmutableArray<TensorProgress> Members { get; }

    /// <summary>The tensor's place in the layout, which all outputs share.</summary>
    public PlacedTensor Place => Members[0].Place;

    /// <summary>Maximum number of statistics passes that any member needs before its tiles are made.</summary>
    public int PassCount { get; }

    /// <summary>Number of tiles to make.</summary>
    public int TileCount => Members[0].TileCount;

    /// <summary>Groups the same tensor of several outputs that differ in their parameters only.</summary>
    /// <param name="tensors">The tensor as each output plans it, with the output that receives it.</param>
    /// <param name="place">The tensor's place in the layout.</param>
    /// <param name="tileBytes">Tile size in bytes.</param>
    public static TensorGroup Of(
        IEnumerable<(OutputTensor Tensor, IPlannedOutput Output)> tensors,
        PlacedTensor place,
        int tileBytes)
    {
        var members = new List<TensorProgress>();
        Dictionary<object, TensorProgress>? measured = null;
        foreach (var (tensor, output) in tensors)
        {
            object? asks = tensor.StatisticsKey;
            var member = new TensorProgress(
                tensor, place, tileBytes, output, asks is null ? null : measured?.GetValueOrDefault(asks));
            members.Add(member);
            if (asks is not null)
                (measured ??= []).TryAdd(asks, member);
        }

        return new TensorGroup(members);
    }

    /// <summary>Number of tiles in a statistics pass.</summary>
    public int TilesOf(int pass) => In(pass).Max(member => member.Passes[pass].TileCount);

    /// <summary>Returns the range of elements that a tile covers.</summary>
    /// <param name="pass">Index of the statistics pass that reads the tile; null if the tile is made.</param>
    /// <param name="index">Index of the tile.</param>
    public (long First, int Count) Tile(int? pass, int index) => pass is { } measured
        ? In(measured).First(member => index < member.Passes[measured].TileCount).Passes[measured].Tile(index)
        : Members[0].Tile(index);

    /// <summary>
    /// Number of bytes read for each element of a tile, in a statistics pass or, if <paramref name="pass"/> is null, when it is
    /// made.
    /// </summary>
    public long ElementBytes(int? pass) => pass is { } measured
        ? In(measured).First().Passes[measured].ElementBytes ?? Members[0].ElementBytes
        : Members[0].ElementBytes;

    /// <summary>
    /// Returns the cache of inputs that lives from the first tile until <see cref="Release"/>; null where every input is read
    /// only once.
    /// </summary>
    /// <param name="memory">Memory available to the cache.</param>
    /// <param name="backend">Backend that works on the cached inputs.</param>
    public InputCache? Hold(BufferPool<NativeBuffer> memory, IMergeBackend backend)
    {
        if (PassCount == 0)
            return null;
        lock (_lock)
        {
            return _held ??= new InputCache(
                [.. Members.Where(member => member.Passes.Count > 0).SelectMany(member => member.Tensor.ReadAgain)],
                Members[0].TileElements,
                memory,
                backend);
        }
    }

    /// <summary>
    /// Announces that a tile will be read soon, unless all of its inputs will be cached by then, or a device has them.
    /// </summary>
    /// <param name="pass">Index of the statistics pass that reads the tile; null if the tile is made.</param>
    /// <param name="index">Index of the tile.</param>
    /// <param name="backend">Backend that works on the tile.</param>
    public void WillNeed(int? pass, int index, IMergeBackend backend)
    {
        if (pass is not 0 && Volatile.Read(ref _held) is { HasAll: true })
            return;
        var (first, count) = Tile(pass, index);
        OutputTensor tensor = Members[0].Tensor;
        if (!tensor.GivenToBackend.Any() || !tensor.GivenToBackend.All(input => IsHeld(input, first, count, backend)))
            tensor.WillNeed(first, count);
    }

    /// <summary>Releases the cached inputs.</summary>
    public void Release()
    {
        lock (_lock)
        {
            _held?.Dispose();
            _held = null;
        }
    }

    /// <summary>Computes the statistics of a tile for every member that takes part in the pass.</summary>
    public void Measure(int pass, int index, TileWorkspace workspace, CancellationToken cancel)
    {
        foreach (TensorProgress member in In(pass).Where(member => index < member.Passes[pass].TileCount))
            member.Measure(pass, index, workspace, cancel);
    }

    /// <summary>Makes a tile of every member.</summary>
    /// <returns>Whether all tiles are made.</returns>
    public bool Make(int index, TileWorkspace workspace, CancellationToken cancel)
    {
        foreach (TensorProgress[] members in Members.Chunk(workspace.Outputs))
            TensorProgress.Make(members, index, workspace, cancel);
        bool isLast = Interlocked.Increment(ref _tilesMade) == TileCount;
        if (isLast)
            Release();
        return isLast;
    }

    private static bool IsHeld(TensorReader input, long first, int count, IMergeBackend backend)
    {
        if (input.InMemory is not { } whole)
            return false;
        int size = input.Spec.Type.Size;
        long there = Math.Clamp(input.Spec.UnitCount - first, 0, count);
        return there == 0 || backend.Holds(whole.Slice((int)(first * size), (int)(there * size)));
    }

    private IEnumerable<TensorProgress> In(int pass) => Members.Where(member => pass < member.Passes.Count);
}
