using System.CommandLine;

namespace DemEngine.Cli.Shells;

/// <summary>The words that can follow each other in a request, as completion and the manual need them.</summary>
internal static class CommandWords
{
    /// <summary>All commands with their full names, such as <c>setup torch</c>; the root's is empty.</summary>
    public static IEnumerable<(string Name, Command Command)> All(Command root) => Under("", root);

    /// <summary>Options that can be given to a command: its own, and those that every command takes.</summary>
    public static IEnumerable<Option> OptionsOf(Command command, Command root) =>
        command.Options.Concat(root.Options.Where(option => option.Recursive || option.Name is "--help" or "/?"))
            .Where(option => !option.Hidden)
            .DistinctBy(option => option.Name)
            .OrderBy(option => option.Name, StringComparer.Ordinal);

    /// <summary>Names of an option that a shell offers: those with two dashes.</summary>
    public static IEnumerable<string> NamesOf(Option option) =>
        option.Aliases.Append(option.Name).Where(name => name.StartsWith("--", StringComparison.Ordinal)).Distinct();

    /// <summary>The words that an option or argument takes as its value; none where it takes others.</summary>
    /// <param name="names">The symbol's name in the help, such as <c>fail|base</c>.</param>
    public static string[] ValuesOf(string? names) =>
        names is not null && names.Contains('|', StringComparison.Ordinal)
            ? [.. names.Split('|').Where(IsWord).Where(word => word is not ("file" or "name" or "dir" or "k"))]
            : [];

    /// <summary>Whether a command takes names of files or folders beside its options.</summary>
    public static bool TakesFiles(Command command) =>
        command.Arguments.Any(argument => ValuesOf(argument.HelpName).Length == 0);

    /// <summary>What can follow <c>dem help</c>: commands, and topics that belong to none.</summary>
    public static IEnumerable<string> Topics(Command root) => root.Subcommands.Where(one => !one.Hidden).Select(one => one.Name)
        .Concat(HelpTexts.All.Keys).Concat(["errors", "topics"]).Order(StringComparer.Ordinal);

    /// <summary>Whether an option takes a value.</summary>
    public static bool TakesValue(Option option) => option.ValueType != typeof(bool) && option.ValueType != typeof(void);

    private static IEnumerable<(string Name, Command Command)> Under(string name, Command command) => command.Subcommands
        .Where(one => !one.Hidden)
        .SelectMany(one => Under(name.Length == 0 ? one.Name : $"{name} {one.Name}", one))
        .Prepend((name, command));

    private static bool IsWord(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or ':' or '_');
}
