using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>The score of one sequence under a model.</summary>
/// <param name="LogLikelihood">Log-likelihood of all targets of the sequence together: a sum of natural logarithms.</param>
/// <param name="IsGreedy">
/// Whether every target is the likeliest token after those before it. By induction over the targets, greedy decoding would then
/// give exactly these tokens, so an exact match is found without generating any.
/// </param>
public readonly record struct SequenceScore(double LogLikelihood, bool IsGreedy);

/// <summary>Computes metrics from the log-likelihoods of sequences, independently of the evaluator that scored them.</summary>
public static class SetScoring
{
    /// <summary>
    /// Lists the sequences to score for a set: its examples and, if choice accuracy is asked for, the choices of one question
    /// after the other.
    /// </summary>
    public static ImmutableArray<Example> Sequences(MeasuredSet set) => NeedsChoices(set)
        ? [.. set.Data.Examples, .. set.Data.Questions.SelectMany(question => question.Choices)]
        : set.Data.Examples;

    /// <summary>Computes the metrics of a set, in the set's order.</summary>
    /// <param name="set">Set that was scored.</param>
    /// <param name="sequences">Scores of the sequences of <see cref="Sequences"/>, in that order.</param>
    public static IEnumerable<Score> Scores(MeasuredSet set, ReadOnlySpan<SequenceScore> sequences)
    {
        DataSet data = set.Data;
        double sum = 0;
        long exact = 0;
        foreach (SequenceScore score in sequences[..data.Examples.Length])
        {
            sum += score.LogLikelihood;
            exact += score.IsGreedy ? 1 : 0;
        }

        double loss = -sum / data.Targets;
        double accuracy = NeedsChoices(set) ? Accuracy(data.Questions, sequences[data.Examples.Length..]) : double.NaN;
        double share = (double)exact / data.Examples.Length;
        return set.Metrics.Select(metric => metric.Name switch
        {
            "loss" => new Score(data.Name, metric, loss, data.Targets),
            "perplexity" => new Score(data.Name, metric, Math.Exp(loss), data.Targets),
            "exact-match" => new Score(data.Name, metric, share, data.Examples.Length),
            "choice-accuracy" => new Score(data.Name, metric, accuracy, data.Questions.Length),
            _ => throw new ArgumentOutOfRangeException(nameof(set), metric.Name, "not a built-in metric"),
        });
    }

    private static bool NeedsChoices(MeasuredSet set) => set.Metrics.Contains(Metric.ChoiceAccuracy);

    private static double Accuracy(ImmutableArray<Question> questions, ReadOnlySpan<SequenceScore> choices)
    {
        int right = 0;
        foreach (Question question in questions)
        {
            int best = 0;
            for (int choice = 1; choice < question.Choices.Length; choice++)
            {
                if (choices[choice].LogLikelihood > choices[best].LogLikelihood)
                    best = choice;
            }

            right += best == question.Answer ? 1 : 0;
            choices = choices[question.Choices.Length..];
        }

        return (double)right / questions.Length;
    }
}
