using System.CommandLine;
using System.CommandLine.Invocation;
using DemEngine.Checkpoints;

namespace DemEngine.Cli;

/// <summary><c>dem --version</c>: the version, and what the build found of the optional packages.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine(Manifest.ThisEngine);
        foreach (BuiltInFeature feature in BuiltInFeatures.All)
            output.WriteLine($"  {feature}");
        return 0;
    }
}
