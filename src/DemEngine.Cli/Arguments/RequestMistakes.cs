using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using DemEngine.Cli.Formatting;
using DemEngine.Errors;

namespace DemEngine.Cli.Arguments;

/// <summary>What is wrong with the words of a request, in the style of all other errors.</summary>
internal static partial class RequestMistakes
{
    /// <summary>
    /// Lists the mistakes. Unknown words hide the errors about missing ones, which are often their result, and so do empty ones.
    /// </summary>
    /// <param name="parsed">The request.</param>
    /// <param name="words">Its words, of which the library has kept the parts only.</param>
    /// <param name="topics">What <c>dem help</c> has beside commands.</param>
    public static IEnumerable<string> Of(ParseResult parsed, string[] words, IEnumerable<string> topics)
    {
        // A command that is not in this build takes any words, and says so.
        Command command = parsed.CommandResult.Command;
        if (!command.TreatUnmatchedTokensAsErrors)
            return [];
        string[] valued = [.. ValuesOfFlags(parsed, words)];
        if (valued.Length > 0)
            return valued;

        // The library takes a misspelt option for a file name where an argument is expected.
        string[] unknown =
        [
            .. parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
                .Where(token => token.Type == TokenType.Argument && IsOption(token.Value))
                .Select(token => token.Value)
                .Concat(parsed.UnmatchedTokens.Where(IsOption))
                .Distinct(),
        ];
        if (unknown.Length > 0)
            return unknown.Select(word => Unknown(word == "--resume-auto" ? "--resume=auto" : word, command, parsed));
        if (MisspeltCommand(parsed) is { } misspelt)
            return [misspelt];
        if (parsed.UnmatchedTokens.Count > 0)
            return [Unexpected(parsed.UnmatchedTokens[0], parsed, words.Contains("--help") ? topics : null)];
        string[] empty = [.. Empty(parsed)];
        if (empty.Length > 0)
            return empty;
        if (parsed.Errors.Count == 0)
            return [];
        return Missing(parsed, command)
            .Concat(parsed.Errors.Select(error => error.Message)
                .Where(message => !RequiredArgument().IsMatch(message)).Select(InOurWords))
            .Distinct();
    }

    /// <summary>What the user can do about mistakes of a request.</summary>
    /// <param name="parsed">The request.</param>
    public static string Remedy(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        return IsGroup(command)
            ? $"`{Name(command)} --help` lists the commands."
            : $"`{Name(command)} --help` says what it takes.";
    }

    private static IEnumerable<string> ValuesOfFlags(ParseResult parsed, string[] words)
    {
        Option[] flags = [.. OptionsOf(parsed).Where(Flags.Is)];
        foreach (string word in words.TakeWhile(word => word != "--").Where(IsOption))
        {
            int end = word.IndexOfAny(['=', ':']);
            string name = end < 0 ? "" : word[..end];
            if (flags.FirstOrDefault(flag => flag.Name == name || flag.Aliases.Contains(name)) is not { } flag)
                continue;
            string but = flag.Name == "--resume" ? " but auto" : "";
            yield return $"{name} takes no value{but}, and is given '{word[(end + 1)..]}'";
        }
    }

    /// <summary>
    /// Finds a misspelt command in a command that takes a file, too, such as <c>dem search aks</c>: the word is no file that is
    /// there, and near a command's name.
    /// </summary>
    private static string? MisspeltCommand(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (IsGroup(command) || command.Subcommands.Count == 0 || command.Arguments.Count == 0
            || parsed.GetResult(command.Arguments[0]) is not { Tokens: [var first, ..] } || Path.Exists(first.Value))
            return null;
        string near = Misspelling.DidYouMean(first.Value, command.Subcommands.Select(one => one.Name));
        return near.Length == 0 ? null : $"there is no file and no command '{first.Value}'{near}";
    }

    /// <summary>Whether a command does nothing itself, and has others in it.</summary>
    private static bool IsGroup(Command command) =>
        command is RootCommand || (command.Action is null && command.Subcommands.Count > 0);

    // The library says nothing of missing words where a check of the command's own has found something.
    private static IEnumerable<string> Missing(ParseResult parsed, Command command) =>
        command.Arguments
            .Where(argument => argument.Arity.MinimumNumberOfValues > 0)
            .Where(argument => parsed.GetResult(argument) is not { Tokens.Count: > 0 })
            .Select(argument => $"<{argument.Name}> is required");

    // Nothing that is asked for has an empty name: an empty word is most often a variable of a script that is not set.
    private static IEnumerable<string> Empty(ParseResult parsed)
    {
        foreach (SymbolResult result in parsed.CommandResult.Children)
        {
            if (result is OptionResult option && option.Tokens.Any(token => token.Value.Length == 0))
                yield return $"{ValueErrors.NameOf(option)}: the value is empty";
            if (result is ArgumentResult argument && argument.Tokens.Any(token => token.Value.Length == 0))
                yield return $"<{argument.Argument.Name}> is empty";
        }
    }

    private static bool IsOption(string word) => word is ['-', not (>= '0' and <= '9' or '.'), ..];

    private static string Unknown(string word, Command command, ParseResult parsed)
    {
        if (command.Name == "merge" && MergekitOptions.WhyNot(word) is { } why)
            return $"{word}: {why}";
        string name = word.Split('=')[0];
        IEnumerable<string> known = OptionsOf(parsed)
            .Where(option => !option.Hidden)
            .SelectMany(option => option.Aliases.Append(option.Name))
            .Where(one => one.StartsWith("--", StringComparison.Ordinal));
        return $"{Name(command)} has no option '{word}'{Misspelling.DidYouMean(name, known)}";
    }

    private static string Unexpected(string word, ParseResult parsed, IEnumerable<string>? topics)
    {
        Command command = parsed.CommandResult.Command;
        if (IsGroup(command))
        {
            IEnumerable<string> known = command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name);
            return topics is not null && command is RootCommand
                ? $"there is no command or topic '{word}'{Misspelling.DidYouMean(word, known.Concat(topics))}; "
                    + "`dem help topics` lists the topics"
                : $"there is no command '{word}'{Misspelling.DidYouMean(word, known)}";
        }

        Option? missing = command.Options.FirstOrDefault(
            option => option.Required && parsed.GetResult(option) is not { Tokens.Count: > 0 });
        string meant = missing is null ? "" : $" (did you mean \"{missing.Name} {word}\"?)";
        return command.Arguments.Count > 0
            ? $"'{word}' is one word more than {Name(command)} takes{meant}"
            : $"{Name(command)} takes options only, and '{word}' is none{meant}";
    }

    private static string Name(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } above ? $"{Name(above)} {command.Name}" : "dem";

    private static IEnumerable<Option> OptionsOf(ParseResult parsed)
    {
        for (SymbolResult? result = parsed.CommandResult; result is not null; result = result.Parent)
        {
            if (result is CommandResult { Command: var command })
            {
                foreach (Option option in command.Options)
                    yield return option;
            }
        }
    }

    /// <summary>The library's own messages, which have another style.</summary>
    private static string InOurWords(string message)
    {
        if (RequiredOption().Match(message) is { Success: true } required)
            return $"{required.Groups[1].Value} is required";
        if (ValueMissing().Match(message) is { Success: true } missing)
            return $"{missing.Groups[1].Value} needs a value";
        if (OneValue().Match(message) is { Success: true } single)
            return $"{single.Groups[1].Value} takes one value, and is given several";
        if (WrongType().Match(message) is { Success: true } wrong)
        {
            string expected = wrong.Groups[3].Value.Contains("Int", StringComparison.Ordinal) ? "a whole number"
                : wrong.Groups[3].Value.Contains("Double", StringComparison.Ordinal) ? "a number"
                : "a value that it takes";
            return $"{wrong.Groups[2].Value}: '{wrong.Groups[1].Value}' is not {expected}";
        }

        return message.StartsWith("Required command", StringComparison.Ordinal)
            ? "a command is missing"
            : message.TrimEnd('.');
    }

    [GeneratedRegex(@"^Option '([^']+)' is required\.$")]
    private static partial Regex RequiredOption();

    [GeneratedRegex(@"^Required argument .*missing for command: ")]
    private static partial Regex RequiredArgument();

    [GeneratedRegex(@"^Required argument missing for option: '([^']+)'\.$")]
    private static partial Regex ValueMissing();

    [GeneratedRegex(@"^Option '([^']+)' expects a single argument but \d+ were provided\.$")]
    private static partial Regex OneValue();

    [GeneratedRegex(@"^Cannot parse argument '(.*)' for option '([^']+)' as expected type '([^']+)'\.", RegexOptions.Singleline)]
    private static partial Regex WrongType();
}
