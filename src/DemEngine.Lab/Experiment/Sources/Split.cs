using System.IO.Hashing;
using System.Text;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>Use of exercises.</summary>
public enum Split
{
    /// <summary>Exercises that models are trained on.</summary>
    Train,

    /// <summary>Exercises on which everything is chosen: when to stop, coefficients, proportions.</summary>
    Validation,

    /// <summary>Exercises on which models are judged, once, at the end.</summary>
    Test,
}

/// <summary>
/// Divides exercises by their prompts alone. Splits are therefore disjoint for any exercises, sources and seeds: a prompt that
/// two sources share is in the same split in both.
/// </summary>
public static class Splits
{
    private const int Parts = 10;

    /// <summary>The split of a prompt: eight tenths are for training, one tenth for validation, one for the test.</summary>
    public static Split Of(string prompt) => (XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(prompt)) % Parts) switch
    {
        8 => Split.Validation,
        9 => Split.Test,
        _ => Split.Train,
    };

    /// <summary>Draws exercises for training without end; a prompt may come again.</summary>
    /// <param name="source">Source that draws the exercises.</param>
    /// <param name="seed">Random seed.</param>
    public static IEnumerable<Exercise> Stream(TextSource source, long seed)
    {
        var random = new RandomDraw(seed, $"{source.Name}/stream");
        while (true)
        {
            Exercise exercise = source.Draw(random);
            if (Of(exercise.Prompt) == Split.Train)
                yield return exercise;
        }
    }

    /// <summary>Draws exercises of one split, no prompt twice.</summary>
    /// <param name="source">Source that draws the exercises.</param>
    /// <param name="split">Split to keep.</param>
    /// <param name="count">Number of exercises.</param>
    /// <param name="seed">
    /// Random seed. The same seed gives the same exercises, and a larger <paramref name="count"/> begins with the same ones.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The source has fewer prompts in this split.</exception>
    public static List<Exercise> Draw(TextSource source, Split split, int count, long seed)
    {
        const int patience = 10_000;
        var random = new RandomDraw(seed, $"{source.Stream}/{split}");
        var drawn = new List<Exercise>(count);
        var prompts = new HashSet<string>(StringComparer.Ordinal);
        for (int misses = 0; drawn.Count < count; misses++)
        {
            if (misses > patience)
                throw new ArgumentOutOfRangeException(
                    nameof(count), count, $"{source.Name} has only about {drawn.Count} prompts for {split}");
            Exercise exercise = source.Draw(random);
            if (Of(exercise.Prompt) != split || !prompts.Add(exercise.Prompt))
                continue;
            drawn.Add(exercise);
            misses = 0;
        }

        return drawn;
    }
}
