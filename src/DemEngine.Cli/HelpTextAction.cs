using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;

namespace DemEngine.Cli;

/// <summary>
/// Prints <c>--help</c> without the defaults that the library adds (<c>[default: 512000000]</c>), because the descriptions give
/// them already, in words that the options take.
/// </summary>
internal sealed partial class HelpTextAction(HelpAction library) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        // The library shows the arguments of the command above among those of a command in it, which does not take them.
        foreach (Argument argument in parseResult.CommandResult.Command.Parents.OfType<Command>()
            .SelectMany(above => above.Arguments))
            argument.Hidden = true;

        TextWriter output = parseResult.InvocationConfiguration.Output;
        using var text = new StringWriter();
        parseResult.InvocationConfiguration.Output = text;
        int result = library.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        output.Write(Default().Replace(text.ToString(), ""));
        return result;
    }

    [GeneratedRegex(@"\s+\[default: [^\]]*\]")]
    private static partial Regex Default();
}
