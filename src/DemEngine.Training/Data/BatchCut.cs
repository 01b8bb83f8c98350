using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Data;

/// <summary>
/// Cuts examples into batches of similar length. A batch of b examples takes b · (longest − 1) positions through the model, and each batch
/// some time besides, as much as so many positions; the cut is the one with the least of both.
/// </summary>
public static class BatchCut
{
    // What a pass through a small model costs beside its positions, on two processors; from a quarter to four times as much changes little.
    private const long PassPositions = 256;

    /// <summary>Cuts.</summary>
    /// <param name="examples">In any order.</param>
    /// <param name="maxPositions">A batch has no more, unless a single example does.</param>
    /// <returns>Indices into the examples, batch by batch, the shortest first; equally long ones keep their order.</returns>
    public static ImmutableArray<ImmutableArray<int>> Of(IReadOnlyList<Example> examples, long maxPositions)
    {
        int[] order = [.. Enumerable.Range(0, examples.Count).OrderBy(i => examples[i].Tokens.Length)]; // A stable sort.
        long[] cost = new long[order.Length + 1]; // Of the first so many.
        int[] start = new int[order.Length + 1]; // Of the last batch among them.
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
