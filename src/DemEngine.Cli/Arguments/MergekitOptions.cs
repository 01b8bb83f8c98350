using System.Globalization;

namespace DemEngine.Cli.Arguments;

/// <summary>
/// The options of mergekit-yaml. What has a counterpart becomes that; what is always so here is left out with a note; what would
/// change the result and has no counterpart is refused with an explanation.
/// </summary>
/// <remarks>https://github.com/arcee-ai/mergekit, options of version 0.1</remarks>
internal static class MergekitOptions
{
    private const string AlwaysBounded = "memory is always bounded here; see --max-memory";

    private const string ToldByTensors =
        "models are told apart by their tensors, not their architecture's name; see --missing and --extra";

    private static readonly Dictionary<string, string[]> Counterparts = new(StringComparer.Ordinal)
    {
        ["--cuda"] = ["--backend", "cuda"],
        ["--no-cuda"] = [],
        ["--gpu-rich"] = ["--backend", "cuda"],
        ["--multi-gpu"] = ["--backend", "cuda:all"],
        ["--no-multi-gpu"] = [],
        ["--no-write-model-card"] = ["--no-card"],
        ["-v"] = ["--verbose"],
    };

    private static readonly Dictionary<string, string> AlwaysSo = new(StringComparer.Ordinal)
    {
        ["--lazy-unpickle"] = "tensors are always read tile by tile here",
        ["--no-lazy-unpickle"] = "tensors are always read tile by tile here",
        ["--low-cpu-memory"] = AlwaysBounded,
        ["--no-low-cpu-memory"] = AlwaysBounded,
        ["--read-to-gpu"] = AlwaysBounded,
        ["--no-read-to-gpu"] = AlwaysBounded,
        ["--clone-tensors"] = "tensors that two names share are always written for each",
        ["--no-clone-tensors"] = "tensors that two names share are always written for each",
        ["--copy-tokenizer"] = "the tokenizer is always copied, from the base or as tokenizer_source says",
        ["--trust-remote-code"] = "no code of a model is ever run here",
        ["--no-trust-remote-code"] = "no code of a model is ever run here",
        ["--allow-crimes"] = ToldByTensors,
        ["--no-allow-crimes"] = ToldByTensors,
        ["--write-model-card"] = "a model card is always written, unless --no-card is given",
        ["--safe-serialization"] = "output is always safetensors",
        ["--async-write"] = "output is always written while other tensors are computed",
        ["--no-async-write"] = "output is always written while other tensors are computed",
    };

    private static readonly Dictionary<string, string> AlwaysSoForEachValue = new(StringComparer.Ordinal)
    {
        ["--lora-merge-cache"] = "adapters are computed while they are read, and nothing of them is cached",
        ["--write-threads"] = "each thread writes what it computes; see --threads",
    };

    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["--no-copy-tokenizer"] = "the tokenizer is always copied; delete its files from the output if they are not wanted",
        ["--no-safe-serialization"] = "output is always safetensors",
        ["--random-seed"] = "methods that draw at random take `seed` in the recipe's parameters",
        ["--transformers-cache"] = "models are read from folders, or from the cache that HF_HUB_CACHE names",
        ["--lora-merge-dtype"] = "adapters are computed exactly and rounded once, to the output's type",
        ["--device"] = "use --backend",
    };

    private static readonly Dictionary<string, (string Option, Func<string, string> Value)> WithValues =
        new(StringComparer.Ordinal)
        {
            ["--out-shard-size"] = ("--max-shard-size", ShardSize),
            ["--num-threads"] = ("--threads", value => value),
            ["-j"] = ("--threads", value => value),
        };

    /// <summary>Words of <c>dem merge</c> in place of mergekit's.</summary>
    /// <param name="words">Words after the command's name.</param>
    /// <param name="note">Callback that receives, for each option that is left out, why.</param>
    /// <returns>The words; what is refused stays, and is explained by <see cref="WhyNot"/>.</returns>
    public static IReadOnlyList<string> Translate(IReadOnlyList<string> words, Action<string> note)
    {
        var translated = new List<string>();
        for (int k = 0; k < words.Count; k++)
        {
            string word = words[k];
            int sign = word.IndexOf('=', StringComparison.Ordinal);
            string name = sign > 0 && word.StartsWith('-') ? word[..sign] : word;
            if (name == "--")
            {
                translated.AddRange(words.Skip(k));
                break;
            }

            if (Counterparts.TryGetValue(word, out string[]? counterpart))
            {
                // Several of mergekit's options may mean the same one.
                if (counterpart.Length == 0 || !translated.Contains(counterpart[0]))
                    translated.AddRange(counterpart);
            }
            else if (AlwaysSo.TryGetValue(word, out string? why))
            {
                note($"{word} changes nothing: {why}");
            }
            else if (AlwaysSoForEachValue.TryGetValue(name, out why))
            {
                note($"{name} changes nothing: {why}");
                k += sign > 0 ? 0 : 1;
            }
            else if (WithValues.TryGetValue(name, out var valued))
            {
                translated.Add(valued.Option);
                if (sign > 0)
                    translated.Add(valued.Value(word[(sign + 1)..]));
                else if (k + 1 < words.Count)
                    translated.Add(valued.Value(words[++k]));
            }
            else
            {
                translated.Add(word);
            }
        }

        return translated;
    }

    /// <summary>Why one of mergekit's options cannot be given here; null for a word that is none of them.</summary>
    public static string? WhyNot(string word) => Refused.GetValueOrDefault(word.Split('=')[0]);

    /// <summary>Mergekit's sizes have one letter: <c>5B</c> is five thousand million.</summary>
    private static string ShardSize(string value) => value is [.. var number, var unit]
        && decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _)
        ? char.ToUpperInvariant(unit) switch
        {
            'K' => $"{number}KB",
            'M' => $"{number}MB",
            'B' or 'G' => $"{number}GB",
            _ => value,
        }
        : value;
}
