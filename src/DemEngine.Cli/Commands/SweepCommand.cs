using System.Collections.Immutable;
using System.CommandLine;
using DemEngine.Backends;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Merging.Options;
using DemEngine.Pipelines;
using DemEngine.Sweeps;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem sweep RECIPE --set PARAMETER=VALUES... --out DIR</c>.</summary>
internal static class SweepCommand
{
    public static Command Build()
    {
        Argument<string> recipe = RecipeArgument.New("A recipe file in mergekit's YAML");
        var set = new Option<string[]>("--set")
        {
            Description = "A parameter and its values: models[0].weight=0.1:0.9:0.1 (from, to, step) or lambda=0.5,1,2. "
                + "Several make every combination.",
            HelpName = "parameter=values",
            AllowMultipleArgumentsPerToken = true,
            Required = true,
        };
        var alignment = new AlignmentCommandOptions();
        var run = new RunCommandOptions(writesCard: true);

        var command = new Command("sweep", "Merge by many values of a recipe's parameters, reading the models once.")
        {
            recipe, set,
        };
        alignment.AddTo(command);
        run.AddTo(command);
        run.Backend.AddTo(command);
        command.SetAction(parsed =>
        {
            bool json = parsed.GetValue(run.Output.Json);
            bool quiet = parsed.GetValue(run.Output.Quiet);
            ImmutableArray<SweepCandidate> candidates = Sweep.Candidates(
                RecipeArgument.ReadOne(parsed.GetValue(recipe)!),
                [.. parsed.GetValue(set)!.Select(Axis)]);
            using IMergeBackend backend = run.Backend.Open(parsed, quiet);
            AlignmentOptions policies = alignment.Read(parsed);
            RunOptions options = run.Read(parsed);
            string folder = parsed.GetValue(run.Out)!.FullName;
            SweepReport report;
            try
            {
                report = ProgressDisplay.Run(quiet || json, progress => PipelineSweep.IsFor(candidates, policies)
                    ? PipelineSweep.Run(candidates, folder, policies, backend, options, progress, Interrupt.Token)
                    : Sweep.Run(candidates, folder, policies, backend, options, progress, Interrupt.Token));
            }
            catch (OperationCanceledException e)
            {
                throw new ResumableInterruption("--resume", e);
            }

            SweepPrinter.Print(report, quiet, json);
            return 0;
        });
        return command;
    }

    private static SweepAxis Axis(string text)
    {
        try
        {
            return SweepAxis.Parse(text);
        }
        catch (DemException e)
        {
            throw new DemException(e.Code, $"--set {e.Message}", e);
        }
    }
}
