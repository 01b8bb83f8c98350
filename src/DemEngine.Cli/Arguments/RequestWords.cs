namespace DemEngine.Cli.Arguments;

/// <summary>The words of a request, brought into the forms that the commands are declared in.</summary>
internal static class RequestWords
{
    /// <summary>Whether the result is to be JSON, which has to be known even where the request cannot be understood.</summary>
    public static bool AskForJson(string[] args) => args.TakeWhile(word => word != "--").Contains("--json");

    /// <summary>Whether notes are not wanted.</summary>
    public static bool AskForQuiet(string[] args) => args.TakeWhile(word => word != "--").Any(word => word is "-q" or "--quiet");

    /// <summary>Rewrites what other tools or habits say otherwise.</summary>
    /// <param name="args">Words as they were given.</param>
    /// <param name="note">Callback that receives notes on options that change nothing.</param>
    public static string[] Rewrite(string[] args, Action<string> note)
    {
        // `dem help`, `dem help merge`.
        if (args is ["help", .. var asked])
            args = [.. asked, "--help"];

        // An option that takes a value if there is one would swallow the recipe that follows it.
        args = [.. args.Select(word => word is "--resume=auto" or "--resume:auto" ? "--resume-auto" : word)];
        int k = Array.IndexOf(args, "--resume");
        if (k >= 0 && k + 1 < args.Length && args[k + 1] == "auto")
            args = [.. args[..k], "--resume-auto", .. args[(k + 2)..]];

        int command = Array.FindIndex(args, word => !word.StartsWith('-'));
        return command >= 0 && args[command] == "merge"
            ? [.. args[..(command + 1)], .. MergekitOptions.Translate(args[(command + 1)..], note)]
            : args;
    }
}
