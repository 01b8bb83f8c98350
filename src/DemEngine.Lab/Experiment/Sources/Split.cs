using System.IO.Hashing;
using System.Text;

namespace DemEngine.Lab.Experiment.Sources;

/// <summary>What exercises are used for.</summary>
public enum Split
{
    /// <summary>Models are trained on them.</summary>
    Train,

    /// <summary>Everything that is chosen is chosen on them: when to stop, coefficients, proportions.</summary>
    Validation,

    /// <summary>Models are judged on them, once, at the end.</summary>
    Test,
}

/// <summary>
/// Divides exercises by their prompts alone, so that splits are disjoint whatever is drawn, by whatever source, with whatever seed: a prompt
/// that two sources share is in one split in both.
/// </summary>
public static class Splits
{
    private const int Parts = 10;

    /// <summary>The split of a prompt: eight tenths are for training, one for validation, one for the test.</summary>
    public static Split Of(string prompt) => (XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(prompt)) % Parts) switch
    {
        8 => Split.Validation,
        9 => Split.Test,
        _ => Split.Train,
    };

    /// <summary>Draws exercises of one split, no prompt twice.</summary>
    /// <param name="source">What draws them.</param>
    /// <param name="split">Which to keep.</param>
    /// <param name="count">How many.</param>
    /// <param name="seed">The same seed gives the same exercises; more of them begin with the same ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">The source has not so many prompts in this split.</exception>
    public static List<Exercise> Draw(TextSource source, Split split, int count, long seed)
    {
        const int patience = 10_000;
        var random = new RandomDraw(seed, $"{source.Name}/{split}");
        var drawn = new List<Exercise>(count);
        var prompts = new HashSet<string>(StringComparer.Ordinal);
        for (int misses = 0; drawn.Count < count; misses++)
        {
            if (misses > patience)
                throw new ArgumentOutOfRangeException(nameof(count), count, $"{source.Name} has only about {drawn.Count} prompts for {split}");
            Exercise exercise = source.Draw(random);
            if (Of(exercise.Prompt) != split || !prompts.Add(exercise.Prompt))
                continue;
            drawn.Add(exercise);
            misses = 0;
        }

        return drawn;
    }
}
