using System.CommandLine;
using DemEngine.Cli.Formatting;
using DemEngine.Numerics;

namespace DemEngine.Cli.Options;

/// <summary>Makes options that take one of a fixed set of words.</summary>
internal static class Choice
{
    /// <summary>
    /// Makes an option whose words are the names of an enumeration in lower case, with hyphens between their parts.
    /// </summary>
    public static Option<T> Option<T>(string name, string description, T defaultValue)
        where T : struct, Enum
    {
        string[] words = [.. Enum.GetNames<T>().Select(Word)];
        return new Option<T>(name)
        {
            Description = $"{description} Default {Word(defaultValue.ToString())}.",
            HelpName = string.Join("|", words),
            DefaultValueFactory = _ => defaultValue,
            CustomParser = result =>
            {
                int index = Array.IndexOf(words, result.Tokens[0].Value);
                if (index < 0)
                    result.Refuse($"'{result.Tokens[0].Value}' is not one of {string.Join(", ", words)}");
                return index < 0 ? default : Enum.GetValues<T>()[index];
            },
        };
    }

    /// <summary>Lets an option take some words only.</summary>
    public static void TakeOnly(Option<string?> option, params string[] words)
    {
        option.HelpName = string.Join("|", words);
        option.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value).Except(words))
                result.Refuse($"'{text}' is not one of {string.Join(", ", words)}");
        });
        option.CompletionSources.Add(words);
    }

    private static string Word(string name) => string.Concat(name.Select((letter, k) =>
        k > 0 && char.IsUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));

    /// <summary>Makes an option that takes a floating-point element type.</summary>
    public static Option<ElementType?> FloatType(string name, string description, params string[] suggested) => new(name)
    {
        Description = description,
        HelpName = string.Join("|", suggested),
        CustomParser = result =>
        {
            if (ElementTypes.TryParseFloat(result.Tokens[0].Value, out ElementType type))
                return type;
            result.Refuse($"'{result.Tokens[0].Value}' is not a floating-point type such as {string.Join(", ", suggested)}");
            return null;
        },
    };
}
