using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Backends;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Merging.Output;
using DemEngine.ScaleOut;

namespace DemEngine.Cli.ScaleOut;

/// <summary>Makes one part of a plan: <c>dem merge PLAN --part K</c>.</summary>
internal static class PartMerge
{
    /// <summary>Whether a file is a plan.</summary>
    public static bool IsPlan(string path)
    {
        try
        {
            PartitionedPlan.Read(path);
            return true;
        }
        catch (DemException)
        {
            return false;
        }
    }

    /// <summary>Prints the files that the part reads.</summary>
    /// <param name="path">Path of the plan.</param>
    /// <param name="part">Number of the part, or auto.</param>
    /// <param name="run">Options of the run.</param>
    /// <param name="parsed">The request.</param>
    public static int PrintInputs(string path, string part, RunCommandOptions run, ParseResult parsed)
    {
        PartitionedPlan plan = PartitionedPlan.Read(path);
        int number = ScheduledPart.Of(part, plan.Parts.Length, Environment.GetEnvironmentVariable);
        ImmutableArray<PartInput> inputs = plan.InputsOf(number, run.Read(parsed));
        if (parsed.GetValue(run.Output.Json))
        {
            var answer = new JsonObject
            {
                ["part"] = number,
                ["parts"] = plan.Parts.Length,
                ["inputs"] = new JsonArray(
                    [.. inputs.Select(input => new JsonObject { ["path"] = input.Path, ["bytes"] = input.Bytes })]),
            };
            Console.Out.WriteLine(answer.ToJsonString());
            return 0;
        }

        // Programs read the paths, so that nothing is added to them.
        foreach (PartInput input in inputs)
            Console.Out.WriteLine(input.Path);
        return 0;
    }

    /// <summary>Makes the part, or measures for it.</summary>
    /// <param name="path">Path of the plan.</param>
    /// <param name="part">Number of the part, or auto.</param>
    /// <param name="measures">Whether it is the phase in which statistics are measured.</param>
    /// <param name="run">Options of the run.</param>
    /// <param name="parsed">The request.</param>
    public static int Run(string path, string part, bool measures, RunCommandOptions run, ParseResult parsed)
    {
        bool quiet = parsed.GetValue(run.Output.Quiet);
        bool json = parsed.GetValue(run.Output.Json);
        PartitionedPlan plan = PartitionedPlan.Read(path);
        int number = ScheduledPart.Of(part, plan.Parts.Length, Environment.GetEnvironmentVariable);
        using IMergeBackend backend = run.Backend.Open(parsed, quiet);
        RunReport report;
        try
        {
            report = ProgressDisplay.Run(
                quiet || json,
                progress => measures
                    ? plan.MeasurePart(number, backend, run.Read(parsed), progress, Interrupt.Token)
                    : plan.RunPart(number, backend, run.Read(parsed), progress, Interrupt.Token));
        }
        catch (OperationCanceledException e)
        {
            throw new ResumableInterruption(parsed.GetValue(run.Restart) ? "--resume in place of --restart" : null, e);
        }

        if (json)
        {
            JsonObject answer = JsonSerializer.SerializeToNode(report, ReportJson.Default.RunReport)!.AsObject();
            answer["part"] = number;
            answer["parts"] = plan.Parts.Length;
            Console.Out.WriteLine(answer.ToJsonString());
            return 0;
        }

        if (!quiet)
            Console.Out.WriteLine($"part {number} of {plan.Parts.Length}{(measures ? ", measured" : "")}");
        RunSummary.Print(report, quiet, json: false);
        return 0;
    }
}
