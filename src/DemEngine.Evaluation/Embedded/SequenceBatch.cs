using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Embedded;

/// <summary>The rows of a batch, sequence after sequence, each with its position in its sequence.</summary>
/// <param name="Positions">Position of each row in its sequence.</param>
/// <param name="Starts">Index of each sequence's first row, followed by the number of rows.</param>
internal sealed record BatchRows(ImmutableArray<int> Positions, ImmutableArray<int> Starts)
{
    public int Count => Positions.Length;
}

/// <summary>
/// Sequences that pass through the model together, one after the other without padding. The last token of a sequence is a target
/// only, so a sequence of n tokens has n − 1 rows.
/// </summary>
internal sealed class SequenceBatch
{
    public SequenceBatch(int firstSequence, ImmutableArray<Example> sequences)
    {
        FirstSequence = firstSequence;
        Sequences = sequences;
        Inputs = [.. sequences.SelectMany(sequence => sequence.Tokens[..^1])];
        Rows = new BatchRows(
            [.. sequences.SelectMany(sequence => Enumerable.Range(0, sequence.Tokens.Length - 1))],
            Starts(sequences.Select(sequence => sequence.Tokens.Length - 1)));
        PredictingRows = new BatchRows(
            [.. sequences.SelectMany(sequence => sequence.TargetPositions.Select(target => target - 1))],
            Starts(sequences.Select(sequence => sequence.Targets)));
        PredictingRowSources =
        [
            .. sequences.SelectMany((sequence, s) =>
                sequence.TargetPositions.Select(target => Rows.Starts[s] + target - 1)),
        ];
        Targets = [.. sequences.SelectMany(sequence => sequence.TargetPositions.Select(target => sequence.Tokens[target]))];
    }

    /// <summary>Index of the batch's first sequence among all sequences that are evaluated.</summary>
    public int FirstSequence { get; }

    public ImmutableArray<Example> Sequences { get; }

    /// <summary>Input token of each row.</summary>
    public ImmutableArray<int> Inputs { get; }

    public BatchRows Rows { get; }

    /// <summary>Rows from which a target is predicted.</summary>
    public BatchRows PredictingRows { get; }

    /// <summary>Index of each predicting row among all rows.</summary>
    public ImmutableArray<int> PredictingRowSources { get; }

    /// <summary>Target token of each predicting row.</summary>
    public ImmutableArray<int> Targets { get; }

    /// <summary>
    /// Divides sequences into batches of at most the given number of rows; a longer sequence is a batch by itself.
    /// </summary>
    /// <param name="sequences">Sequences to divide.</param>
    /// <param name="rows">Maximum number of rows in a batch.</param>
    /// <param name="before">Number of sequences that are evaluated before these.</param>
    public static ImmutableArray<SequenceBatch> Cut(ImmutableArray<Example> sequences, int rows, int before = 0)
    {
        var batches = ImmutableArray.CreateBuilder<SequenceBatch>();
        for (int first = 0; first < sequences.Length;)
        {
            int end = first;
            int taken = 0;
            do
                taken += sequences[end++].Tokens.Length - 1;
            while (end < sequences.Length && taken + sequences[end].Tokens.Length - 1 <= rows);
            batches.Add(new SequenceBatch(before + first, sequences[first..end]));
            first = end;
        }

        return batches.DrainToImmutable();
    }

    /// <summary>Adds up the scores of each sequence's targets.</summary>
    /// <param name="targets">Scores of the batch's targets.</param>
    /// <param name="sequences">Destination with a place for all sequences, of which the batch's own are set.</param>
    public void ScoreSequences(ReadOnlySpan<TargetScore> targets, Span<SequenceScore> sequences)
    {
        for (int s = 0; s < Sequences.Length; s++)
        {
            double sum = 0;
            bool isGreedy = true;
            foreach (TargetScore target in targets[PredictingRows.Starts[s]..PredictingRows.Starts[s + 1]])
            {
                sum += target.LogLikelihood;
                isGreedy &= target.IsLikeliest;
            }

            sequences[FirstSequence + s] = new SequenceScore(sum, isGreedy);
        }
    }

    private static ImmutableArray<int> Starts(IEnumerable<int> lengths)
    {
        var starts = ImmutableArray.CreateBuilder<int>();
        int start = 0;
        foreach (int length in lengths)
        {
            starts.Add(start);
            start += length;
        }

        starts.Add(start);
        return starts.DrainToImmutable();
    }
}
