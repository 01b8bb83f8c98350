using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Diagnostics;
using DemEngine.Errors;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Statistics;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Pipeline;

/// <summary>
/// Computes statistics over several tensors together, before any tensor is made. Groups run one after another, and each pass of a
/// group covers all of its tensors. Memory holds the counts of one group only, whatever the sizes of the tensors.
/// </summary>
internal static class CrossTensorStatistics
{
    /// <summary>Computes the cross-tensor statistics of a plan.</summary>
    /// <param name="tensors">Tensors of the plan, including those that are made already.</param>
    /// <param name="tile">Tile size and number of threads.</param>
    /// <param name="inputBytes">Scratch memory for inputs that each thread needs, in bytes.</param>
    /// <param name="backend">Backend that computes the statistics.</param>
    /// <param name="tileDone">Callback after every tile; it receives the tensor's name and the number of bytes read.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    public static void Run(
        IEnumerable<OutputTensor> tensors,
        TileSize tile,
        long inputBytes,
        IMergeBackend backend,
        Action<string, long> tileDone,
        CancellationToken cancel)
    {
        OutputTensor[] measured = [.. tensors.Where(tensor => tensor.CrossTensorParts.Count > 0)];
        foreach (CrossTensorPart[] members in CrossTensorPart.Groups(measured.SelectMany(tensor => tensor.CrossTensorParts)))
        {
            RequireTheSame(members);
            StatisticsGroup measuring = StatisticsPasses.Group(
                members[0].Measurement,
                [.. members.Select(member => (member.Measurement, member.Inputs))]);
            for (int pass = 0; pass < measuring.PassCount; pass++)
            {
                var tiles = new TileCounter([.. members.Select((member, k) =>
                    new MemberPass(member, measuring.Start(pass, k, tile.Bytes / member.ElementSize)))]);
                WorkerThreads.Run(tile.Threads, (_, stop) => Work(tiles, tile, inputBytes, backend, tileDone, stop), cancel);
            }
        }

        foreach (OutputTensor tensor in measured)
            tensor.CrossTensorStatisticsDone();
    }

    private static void Work(
        TileCounter tiles,
        TileSize tile,
        long inputBytes,
        IMergeBackend backend,
        Action<string, long> tileDone,
        CancellationToken stop)
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
            long bytes = (member.Pass.ElementBytes ?? member.Part.ElementBytes) * count;
            EngineMetrics.TileDone(isStatistics: true, bytes);
            tileDone(member.Part.Tensor, bytes);
        }
    }

    /// <summary>Refuses a group whose members ask for different statistics.</summary>
    private static void RequireTheSame(CrossTensorPart[] members)
    {
        CrossTensorPart? other = members.FirstOrDefault(member => !member.Measurement.Key.Equals(members[0].Measurement.Key));
        if (other is not null)
        {
            throw new DemException(
                ErrorCode.WrongValue,
                $"tensors {Quoted.Name(members[0].Tensor)} and {Quoted.Name(other.Tensor)} are measured together (scope), "
                + $"and differ in what is asked of them: {members[0].Measurement.RequestText}, "
                + $"and {other.Measurement.RequestText}; "
                + "give one value for both, or scope: tensor");
        }
    }

    private readonly record struct MemberPass(CrossTensorPart Part, StatisticsPass Pass);

    /// <summary>Hands out the tiles of one pass over several tensors.</summary>
    private sealed class TileCounter(ImmutableArray<MemberPass> members)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<StatisticsPass, int> _left =
            members.ToDictionary(member => member.Pass, member => member.Pass.TileCount);
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
