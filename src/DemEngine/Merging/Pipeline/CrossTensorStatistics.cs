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
    /// <param name="tensors">Tensors of the plan, including those that are made already or elsewhere.</param>
    /// <param name="needed">Names of the tensors that are to be made, which alone are solved.</param>
    /// <param name="budget">Tile size, number of threads, and the memory of their buffers.</param>
    /// <param name="backend">Backend that computes the statistics.</param>
    /// <param name="tileDone">Callback after every tile; it receives the tensor's name and the number of bytes read.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    public static void Run(
        IEnumerable<OutputTensor> tensors,
        IReadOnlySet<string> needed,
        MemoryBudget budget,
        IMergeBackend backend,
        Action<string, long> tileDone,
        CancellationToken cancel)
    {
        TileSize tile = budget.Tile;
        OutputTensor[] measured = [.. tensors.Where(tensor => tensor.CrossTensorParts.Count > 0)];
        foreach (CrossTensorPart[] members in CrossTensorPart.Groups(
            measured.SelectMany(tensor => tensor.CrossTensorParts), needed))
        {
            RequireTheSame(members);
            StatisticsGroup measuring = StatisticsPasses.Group(
                members[0].Measurement,
                [.. members.Select(member => (member.Measurement, member.Inputs))]);
            for (int pass = 0; pass < measuring.PassCount; pass++)
            {
                MemberPass[] passes =
                [
                    .. members.Select((member, k) =>
                        new MemberPass(member, measuring.Start(pass, k, tile.Bytes / member.ElementSize))),
                ];
                using var tiles = new ReadAheadQueue<(MemberPass Member, int Index)>(
                    passes.SelectMany(member => Enumerable.Range(0, member.Pass.TileCount).Select(index => (member, index))),
                    ReadAheadQueue<MemberPass>.DepthFor(tile.Bytes),
                    task => task.Member.WillNeed(task.Index));
                WorkerThreads.Run(
                    tile.Threads, (_, stop) => Work(tiles, budget.InputBytesPerThread, backend, tileDone, stop), cancel);
            }
        }

        foreach (OutputTensor tensor in measured.Where(tensor => needed.Contains(tensor.Spec.Name)))
            tensor.CrossTensorStatisticsDone();
    }

    private static void Work(
        ReadAheadQueue<(MemberPass Member, int Index)> tiles,
        long inputBytes,
        IMergeBackend backend,
        Action<string, long> tileDone,
        CancellationToken stop)
    {
        using var workspace = new TileWorkspace(backend, outputs: 0, outputBytes: 0, inputBytes);
        while (!stop.IsCancellationRequested && tiles.TryTake(out (MemberPass Member, int Index) task))
        {
            workspace.StartTile();
            MemberPass member = task.Member;
            var (first, count) = member.Pass.Tile(task.Index);
            if (count > 0)
                member.Pass.Measure(task.Index, first, count, workspace);
            if (member.IsLast())
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

    /// <summary>One tensor's part of a pass, and how many of its tiles are left.</summary>
    private sealed class MemberPass(CrossTensorPart part, StatisticsPass pass)
    {
        private int _left = pass.TileCount;

        public CrossTensorPart Part => part;

        public StatisticsPass Pass => pass;

        /// <summary>Counts a finished tile.</summary>
        /// <returns>True for the last one.</returns>
        public bool IsLast() => Interlocked.Decrement(ref _left) == 0;

        /// <summary>Requests the inputs of a tile, unless the pass reads a sample of them only.</summary>
        public void WillNeed(int index)
        {
            var (first, count) = pass.Tile(index);
            if (count > 0 && pass.ElementBytes is not 0)
                part.Inputs.WillNeed(first, count);
        }
    }
}
