using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Methods;
using DemEngine.Numerics;

namespace DemEngine.Merging.Deltas;

/// <summary>One tensor's part in a measurement over several tensors together.</summary>
/// <param name="Tensor">Whose.</param>
/// <param name="Order">Its place among the tensor's measurements.</param>
/// <param name="Measurement">What is measured.</param>
/// <param name="Inputs">From what.</param>
internal sealed record PooledPart(OutputTensor Tensor, int Order, Measurement Measurement, DeltaInputs Inputs)
{
    /// <summary>With which other parts it is measured.</summary>
    public string Group
    {
        get
        {
            if (Measurement.Scope == MergeScope.Model)
                return "";
            var place = LayerName.Parse(Tensor.Spec.Name);
            return place.Stack is null ? Tensor.Spec.Name : $"{place.Stack}.{place.Layer}";
        }
    }
}

/// <summary>
/// The measurements over several tensors together, which go before any tensor is made: group after group and pass after pass, each pass over
/// all tensors of the group. What is held is the counts of one group, whatever the tensors' sizes.
/// </summary>
internal static class PooledMeasurements
{
    /// <summary>Bytes that are usually read.</summary>
    /// <param name="tensors">Of the plan.</param>
    public static long Bytes(IEnumerable<OutputTensor> tensors) => Groups(tensors).Sum(members =>
        MeasuringPasses.Passes(members[0].Measurement) * members.Sum(member => member.Inputs.Elements * InputCost.Of(member.Tensor.Inputs).ElementBytes));

    /// <summary>Measures.</summary>
    /// <param name="tensors">Of the plan, those too that are made already.</param>
    /// <param name="tile">Size of a tile and number of threads.</param>
    /// <param name="inputBytes">Room for inputs that each thread needs.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="tileDone">Called after every tile with the bytes that were read.</param>
    /// <param name="cancel">Stops between tiles.</param>
    public static void Run(
        IEnumerable<OutputTensor> tensors, TileSize tile, long inputBytes, IMergeBackend backend, Action<OutputTensor, long> tileDone, CancellationToken cancel)
    {
        PooledPart[][] groups = [.. Groups(tensors)];
        foreach (PooledPart[] members in groups)
        {
            RequireTheSame(members);
            MeasuringGroup measuring = MeasuringPasses.Group(members[0].Measurement, [.. members.Select(member => (member.Measurement, member.Inputs))]);
            for (int pass = 0; pass < measuring.PassCount; pass++)
            {
                var tiles = new TileCounter([.. members.Select((member, k) =>
                    new MemberPass(member.Tensor, measuring.Start(pass, k, tile.Bytes / member.Tensor.Spec.Type.Size)))]);
                WorkerThreads.Run(tile.Threads, (_, stop) => Work(tiles, tile, inputBytes, backend, tileDone, stop), cancel);
            }
        }

        foreach (OutputTensor tensor in groups.SelectMany(members => members).Select(part => part.Tensor).Distinct())
            tensor.PooledDone();
    }

    /// <summary>Parts that are measured together, in the order of names, so that neither shards nor files show in what comes before what.</summary>
    private static IEnumerable<PooledPart[]> Groups(IEnumerable<OutputTensor> tensors) =>
        tensors.SelectMany(tensor => tensor.PooledParts)
            .OrderBy(part => part.Tensor.Spec.Name, StringComparer.Ordinal)
            .GroupBy(part => (part.Order, part.Measurement.GetType(), part.Group))
            .OrderBy(group => group.Key.Order)
            .Select(group => group.ToArray());

    private static void Work(
        TileCounter tiles, TileSize tile, long inputBytes, IMergeBackend backend, Action<OutputTensor, long> tileDone, CancellationToken stop)
    {
        using var workspace = new TileWorkspace(backend, outputs: 0, outputBytes: 0, inputBytes);
        while (!stop.IsCancellationRequested && tiles.TryTake(out MemberPass member, out int index))
        {
            workspace.StartTile();
            var (first, count) = member.Pass.Tile(index);
            if (count > 0)
                member.Pass.Measure(index, first, count, workspace);
            if (tiles.IsLast(member))
                member.Pass.Finish(workspace);
            tileDone(member.Tensor, (member.Pass.ElementBytes ?? InputCost.Of(member.Tensor.Inputs).ElementBytes) * count);
        }
    }

    /// <summary>What is measured together is the same of all.</summary>
    private static void RequireTheSame(PooledPart[] members)
    {
        PooledPart? other = members.FirstOrDefault(member => member.Measurement.Terms != members[0].Measurement.Terms);
        if (other is not null)
        {
            throw new DemException(
                ErrorCode.WrongValue,
                $"tensors {Quoted.Name(members[0].Tensor.Spec.Name)} and {Quoted.Name(other.Tensor.Spec.Name)} are measured together (scope), and differ in what is "
                + $"asked of them: {members[0].Measurement.Terms}, and {other.Measurement.Terms}; give one value for both, or scope: tensor");
        }
    }

    private readonly record struct MemberPass(OutputTensor Tensor, MeasuringPass Pass);

    /// <summary>Hands out the tiles of one pass over several tensors.</summary>
    private sealed class TileCounter(ImmutableArray<MemberPass> members)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<MeasuringPass, int> _left = members.ToDictionary(member => member.Pass, member => member.Pass.TileCount);
        private int _member;
        private int _tile;

        public bool TryTake(out MemberPass member, out int tile)
        {
            lock (_lock)
            {
                while (_member < members.Length && _tile == members[_member].Pass.TileCount)
                {
                    _member++;
                    _tile = 0;
                }

                member = _member < members.Length ? members[_member] : default;
                tile = _tile++;
                return _member < members.Length;
            }
        }

        public bool IsLast(MemberPass member)
        {
            lock (_lock)
                return --_left[member.Pass] == 0;
        }
    }
}
