using System.Globalization;
using DemEngine.Merging.Planning;

namespace DemEngine.Perf;

/// <summary>
/// How long a merge in parts takes on 64 nodes of which some are slow and some fail, against nodes that are all alike and never
/// fail. Nodes take the next part that waits; a part that loses its node waits again at the end, and goes on from what was
/// finished, which it reads back. Seeds are fixed, so that each run gives the same table.
/// </summary>
internal static class ClusterSimulation
{
    private const int Nodes = 64;
    private const int Runs = 1000;

    // Time in minutes: what a node needs alone for its share, how long a part waits after its node failed, how long the node is
    // away, and how long a part takes to start and plan.
    private const double Share = 10;
    private const double Requeue = 2;
    private const double Repair = 30;
    private const double Start = 0.25;

    // A slow node has a third of the speed. What is read back is the output alone, a fifth of what is moved with four models.
    private const double SlowSpeed = 1.0 / 3;
    private const double ReadBack = 0.2;

    /// <summary>Prints the table.</summary>
    public static void Run(TextWriter output)
    {
        output.WriteLine("| hours between failures of a node | slow nodes | parts | goes on: mean, 95 % | begins anew: mean, 95 % |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (double hours in new[] { double.PositiveInfinity, 10, 1, 1.0 / 3 })
        {
            foreach (double slow in new[] { 0, 0.05 })
            {
                foreach (int parts in new[] { Nodes, 4 * Nodes, 16 * Nodes })
                    output.WriteLine(Row(hours, slow, parts));
            }
        }
    }

    private static string Row(double hours, double slow, int parts)
    {
        double[] work = Work(parts);
        string Cell(bool goesOn)
        {
            double[] times = [.. Enumerable.Range(0, Runs).Select(seed => Time(work, hours, slow, goesOn, new Random(seed)) / Share).Order()];
            return string.Create(CultureInfo.InvariantCulture, $"{times.Average():0.00}, {times[Runs * 95 / 100]:0.00}");
        }

        string between = double.IsInfinity(hours) ? "none" : string.Create(CultureInfo.InvariantCulture, $"{hours:0.##}");
        return string.Create(
            CultureInfo.InvariantCulture, $"| {between} | {slow:0%} | {parts} | {Cell(true)} | {Cell(false)} |");
    }

    /// <summary>Minutes of work of each part, cut as a plan is: here of the tensors of DeepSeek-V3.</summary>
    private static double[] Work(int parts)
    {
        long[] layer = [.. Enumerable.Repeat(2048L * 7168 * 2, 256 * 3), 187_107_328L * 2];
        long[] tensors = [129280L * 7168 * 2, .. Enumerable.Range(0, 58).SelectMany(_ => layer), 129280L * 7168 * 2];
        double minutes = Nodes * Share / tensors.Sum();
        return [.. PlanCut.Of(tensors, parts).Select(range => tensors.Skip(range.First).Take(range.Count).Sum() * minutes)];
    }

    private static double Time(double[] work, double hours, double slow, bool goesOn, Random random)
    {
        double[] speeds = [.. Enumerable.Range(0, Nodes).Select(_ => random.NextDouble() < slow ? SlowSpeed : 1)];
        var free = new PriorityQueue<int, (double Time, int Node)>(Enumerable.Range(0, Nodes).Select(node => (node, (0.0, node))));
        var waiting = new PriorityQueue<(int Part, double Done), (double From, int Part)>(
            work.Select((_, part) => ((part, 0.0), (0.0, part))));
        double end = 0;
        while (waiting.TryDequeue(out var task, out var from))
        {
            free.TryDequeue(out int node, out var at);
            double begin = Math.Max(at.Time, from.From);
            double before = Start + (task.Done * ReadBack / speeds[node]);
            double takes = before + ((work[task.Part] - task.Done) / speeds[node]);
            double failure = double.IsInfinity(hours) ? double.PositiveInfinity : -Math.Log(1 - random.NextDouble()) * hours * 60;
            if (failure >= takes)
            {
                end = Math.Max(end, begin + takes);
                free.Enqueue(node, (begin + takes, node));
                continue;
            }

            double done = goesOn ? task.Done + (Math.Max(0, failure - before) * speeds[node]) : 0;
            waiting.Enqueue((task.Part, done), (begin + failure + Requeue, task.Part));
            free.Enqueue(node, (begin + failure + Repair, node));
        }

        return end;
    }
}
