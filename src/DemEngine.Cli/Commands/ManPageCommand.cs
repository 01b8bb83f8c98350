using System.CommandLine;
using DemEngine.Checkpoints;
using DemEngine.Cli.Shells;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem man</c>, for packagers: the manual page in the language of man(7).</summary>
internal static class ManPageCommand
{
    public static Command Build()
    {
        var command = new Command("man", "Print the manual page, such as for `dem man > ~/.local/share/man/man1/dem.1`.");
        command.SetAction(parsed =>
        {
            Console.Out.Write(ManPage.Write(
                parsed.RootCommandResult.Command,
                Manifest.ThisEngine,
                HelpTexts.All.Select(topic => (topic.Key.Replace('-', ' '), topic.Value.Text))));
            return 0;
        });
        return command;
    }
}
