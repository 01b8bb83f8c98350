using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Data;

/// <summary>
/// Divides examples into batches of similar length. A batch of b examples costs b · (longest − 1) positions and a constant
/// overhead, counted as a number of positions. The division has the minimum total cost.
/// </summary>
public static class BatchCut
{
    // Overhead of a pass through a small model on two processors, in positions. A quarter or four times as much changes little.
    private const long PassPositions = 256;

    /// <summary>Divides examples into batches.</summary>
    /// <param name="examples">Examples in any order.</param>
    /// <param name="maxPositions">Maximum number of positions in a batch, unless a single example has more.</param>
    /// <returns>
    /// Indices into the examples, batch by batch, the shortest first; examples of equal length keep their order.
    /// </returns>
    public static ImmutableArray<ImmutableArray<int>> Of(IReadOnlyList<Example> examples, long maxPositions)
    {
        int[] order = [.. Enumerable.Range(0, examples.Count).OrderBy(i => examples[i].Tokens.Length)]; // A stable sort.
        long[] cost = new long[order.Length + 1]; // Element n is the minimum cost of the first n examples.
        int[] start = new int[order.Length + 1]; // Element n is the start of the last batch among the first n examples.
        for (int end = 1; end <= order.Length; end++)
        {
            long positions = examples[order[end - 1]].Tokens.Length - 1;
            cost[end] = long.MaxValue;
            for (int first = end - 1; first >= 0 && (first == end - 1 || (end - first) * positions <= maxPositions); first--)
            {
                long total = cost[first] + ((end - first) * positions) + PassPositions;
                if (total < cost[end])
                    (cost[end], start[end]) = (total, first);
            }
        }

        var batches = new Stack<ImmutableArray<int>>();
        for (int end = order.Length; end > 0; end = start[end])
            batches.Push([.. order[start[end]..end]]);
        return [.. batches];
    }
}
