using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Data;

/// <summary>
/// Lays sequences one behind the other in rows, so that little is padding: the longest first, each into the first row that has
/// room (first fit decreasing; Johnson, "Near-optimal bin packing algorithms", 1973).
/// </summary>
public static class SequencePacking
{
    /// <summary>Divides examples among rows.</summary>
    /// <param name="examples">Examples in any order.</param>
    /// <param name="rowLength">Number of positions of a row; a longer example is a row by itself.</param>
    /// <returns>Indices into the examples, row by row.</returns>
    public static ImmutableArray<ImmutableArray<int>> Of(IReadOnlyList<Example> examples, int rowLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rowLength, 1);
        var rows = new List<(List<int> Examples, long Left)>();
        foreach (int k in Enumerable.Range(0, examples.Count).OrderByDescending(k => examples[k].Tokens.Length)) // A stable sort.
        {
            int length = examples[k].Tokens.Length - 1;
            int row = rows.FindIndex(one => one.Left >= length);
            if (row < 0)
            {
                rows.Add(([], rowLength));
                row = rows.Count - 1;
            }

            rows[row].Examples.Add(k);
            rows[row] = (rows[row].Examples, rows[row].Left - length);
        }

        return [.. rows.Select(row => row.Examples.ToImmutableArray())];
    }
}
