using System.Collections.Immutable;
using DemEngine.Checkpoints;

namespace DemEngine.Evaluation.Embedded;

/// <summary>Sequences that go through a model's layers together, one after the other without padding.</summary>
internal sealed class PromptBatch : IDisposable
{
    private readonly ImmutableArray<int> _tokens;

    private PromptBatch(IReadOnlyList<ImmutableArray<int>> sequences, int hidden)
    {
        _tokens = [.. sequences.SelectMany(sequence => sequence)];
        var starts = ImmutableArray.CreateBuilder<int>();
        int start = 0;
        foreach (ImmutableArray<int> sequence in sequences)
        {
            starts.Add(start);
            start += sequence.Length;
        }

        starts.Add(start);
        Rows = new BatchRows(
            [.. sequences.SelectMany(sequence => Enumerable.Range(0, sequence.Length))], starts.DrainToImmutable());
        Stream = new RowMatrix(hidden);
        Stream.Reserve(Rows.Count);
    }

    /// <summary>Positions of the rows in their sequences.</summary>
    public BatchRows Rows { get; }

    /// <summary>The hidden states, a row for each token.</summary>
    public RowMatrix Stream { get; }

    /// <summary>Divides sequences into batches of at most so many rows; a longer sequence is a batch by itself.</summary>
    /// <param name="sequences">Sequences, none of them empty.</param>
    /// <param name="rows">Maximum number of rows.</param>
    /// <param name="hidden">Number of elements of a state.</param>
    public static ImmutableArray<PromptBatch> Cut(IReadOnlyList<ImmutableArray<int>> sequences, int rows, int hidden)
    {
        var batches = ImmutableArray.CreateBuilder<PromptBatch>();
        for (int first = 0; first < sequences.Count;)
        {
            int end = first;
            int taken = 0;
            do
                taken += sequences[end++].Length;
            while (end < sequences.Count && taken + sequences[end].Length <= rows);
            batches.Add(new PromptBatch([.. sequences.Skip(first).Take(end - first)], hidden));
            first = end;
        }

        return batches.DrainToImmutable();
    }

    /// <summary>Sets the states to the tokens' rows of the embedding, of which no others are read.</summary>
    public void Embed(ITensorData embedding)
    {
        for (int row = 0; row < Rows.Count; row++)
            WeightDecoding.Decode(embedding, (long)_tokens[row] * Stream.Columns, Stream.Row(row));
    }

    /// <summary>The states of each sequence's last token.</summary>
    public IEnumerable<float[]> LastStates() => Rows.Starts.Skip(1).Select(end => Stream.Row(end - 1).ToArray());

    public void Dispose() => Stream.Dispose();
}
