using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Checkpoints;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Startup;
using ILGPU;

namespace DemEngine.Cli;

/// <summary>
/// Prints <c>dem --version</c>: the version, and those of the libraries for devices and training, as far as they are usable here.
/// </summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        string? ilgpu = Build.HasGpuAndTraining
            ? typeof(Context).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]
            : null;
        IReadOnlyList<string> torch = TorchState.Describe();
        if (parseResult.GetValue(GlobalOptions.Json))
        {
            Console.Out.WriteLine(new JsonObject
            {
                ["engine"] = Manifest.ThisEngine,
                ["version"] = Manifest.ThisEngine.Split(' ')[^1],
                ["commit"] = Manifest.ThisCommit,
                ["ilgpu"] = ilgpu,
                ["torch"] = JsonValues.Of(torch),
            }.ToJsonString());
            return 0;
        }

        Console.Out.WriteLine(Manifest.ThisEngine);
        if (Manifest.ThisCommit is { } commit)
            Console.Out.WriteLine($"  commit {commit}");
        if (ilgpu is not null)
            Console.Out.WriteLine($"  ILGPU {ilgpu}");
        foreach (string line in torch)
            Console.Out.WriteLine($"  {line}");
        return 0;
    }
}
