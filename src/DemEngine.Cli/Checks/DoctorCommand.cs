using System.CommandLine;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;

namespace DemEngine.Cli.Checks;

/// <summary>The command <c>dem doctor</c>.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        var folder = new Option<DirectoryInfo?>("--dir")
        {
            Description = "The folder whose disk is looked at, by a file of 128 MiB that is removed again. Default: this folder.",
            HelpName = "dir",
        };
        var command = new Command(
            "doctor",
            "Say what this machine has and lacks: memory, disk and how fast it is, limits, drivers, devices, libtorch. "
            + "Exits with 1 if something is there with which commands fail.")
        {
            folder,
        };
        command.SetAction(parsed =>
        {
            string place = parsed.GetValue(folder)?.FullName ?? Directory.GetCurrentDirectory();
            Finding[] found = [.. SystemFindings.All(), .. DiskFindings.All(place), .. DeviceFindings.All()];
            if (parsed.GetValue(GlobalOptions.Json))
                PrintJson(found);
            else
                PrintText(found);
            return found.Any(one => one.Health == Health.Fail) ? 1 : 0;
        });
        return command;
    }

    private static void PrintText(Finding[] found)
    {
        Console.Out.WriteLine(Manifest.ThisEngine);
        TablePrinter.Print(["what", "state", "found"], found.Select(one => new[] { one.Subject, WordOf(one), one.Text }));
        foreach (Finding one in found.Where(one => one.Remedy is not null))
            Prose.Print($"{one.Subject}: {one.Remedy}");
    }

    private static void PrintJson(Finding[] found) => Console.Out.WriteLine(new JsonObject
    {
        ["engine"] = Manifest.ThisEngine,
        ["findings"] = new JsonArray([.. found.Select(one => new JsonObject
        {
            ["subject"] = one.Subject,
            ["state"] = WordOf(one),
            ["found"] = one.Text,
            ["remedy"] = one.Remedy,
        })]),
    }.ToJsonString());

    private static string WordOf(Finding one) => one.Health.ToString().ToLowerInvariant();
}
