using System.CommandLine;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Cli.Setup;
using DemEngine.Training;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem setup torch [cpu|cuda-12.8]</c>.</summary>
internal static class SetupCommand
{
    public static Command Build() =>
        new("setup", "Bring what a command needs and this program does not carry along.") { BuildTorch() };

    private static Command BuildTorch()
    {
        var backend = new Argument<string>("backend")
        {
            Description = "What it computes on: cpu, or cuda-12.8 for NVIDIA's devices, several gigabytes. Default cpu.",
            DefaultValueFactory = _ => LibtorchSetup.Backends[0],
            HelpName = string.Join('|', LibtorchSetup.Backends),
        };
        backend.Validators.Add(result =>
        {
            if (result.Tokens is [var word] && !LibtorchSetup.Backends.Contains(word.Value))
                result.AddError($"'{word.Value}' is not one of {string.Join(", ", LibtorchSetup.Backends)}");
        });
        var sources = new Option<string[]>("--source")
        {
            Description = "A NuGet source, by name, address or folder, instead of the configured ones. "
                + "May be given several times.",
            HelpName = "source",
        };
        var again = new Option<bool>("--force") { Description = "Fetch it again, even if it is there." };
        var output = new OutputOptions();

        var command = new Command(
            "torch",
            "Fetch libtorch, Torch's native library, for training and evaluation: "
            + "from your NuGet sources, into a folder of yours.")
        {
            backend, sources, again,
        };
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool quiet = parsed.GetValue(output.Quiet), json = parsed.GetValue(output.Json);

            // Checked before the download, so that the user learns early why the library cannot be used here.
            TorchLibrary.CheckSystem();
            using var feed = new PackageSources(parsed.GetValue(sources) ?? [], Directory.GetCurrentDirectory());
            var setup = new LibtorchSetup(parsed.GetValue(backend)!, feed);
            LibtorchSetupReport report = ProgressDisplay.Run<LibtorchSetupProgress, LibtorchSetupReport>(
                quiet || json,
                SetupPrinter.Progress,
                progress => setup.Run(parsed.GetValue(again), progress, Interrupt.Token).GetAwaiter().GetResult());
            SetupPrinter.Print(report, quiet, json);
            return 0;
        });
        return command;
    }
}
