using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using DemEngine.Checkpoints;
using DemEngine.Cli.Output;
using ILGPU;

namespace DemEngine.Cli;

/// <summary>
/// Prints <c>dem --version</c>: the version, and those of the libraries for devices and training, as far as they are usable here.
/// </summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(Manifest.ThisEngine);
        output.WriteLine($"  ILGPU {typeof(Context).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}");
        foreach (string line in TorchState.Describe())
            output.WriteLine($"  {line}");
        return 0;
    }
}
