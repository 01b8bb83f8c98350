using System.CommandLine;
using DemEngine.Cli.Shells;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem completion bash|zsh|fish|pwsh</c>.</summary>
internal static class CompletionCommand
{
    public static Command Build()
    {
        string[] shells = [.. CompletionScripts.ByShell.Keys];
        var shell = new Argument<string>("shell")
        {
            Description = $"The shell: {string.Join(", ", shells)}.",
            HelpName = string.Join('|', shells),
        };
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [var word] && !CompletionScripts.ByShell.ContainsKey(word.Value))
                result.AddError($"'{word.Value}' is not one of {string.Join(", ", shells)}");
        });
        var command = new Command(
            "completion",
            "Print a script that completes commands, options and values, such as for `source <(dem completion bash)`.")
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            Console.Out.Write(CompletionScripts.ByShell[parsed.GetValue(shell)!](parsed.RootCommandResult.Command));
            return 0;
        });
        return command;
    }
}
