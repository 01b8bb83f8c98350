using System.CommandLine;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Cli.Progress;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.ScaleOut;

namespace DemEngine.Cli.ScaleOut;

/// <summary>The command <c>dem join PLAN</c>.</summary>
internal static class JoinCommand
{
    public static Command Build()
    {
        var plan = new Argument<string>("plan") { Description = "The plan, as `dem plan` wrote it." };
        var nonFinite = new Option<string?>("--nonfinite")
        {
            Description = "Infinities and NaNs in the output: publish nothing, or publish and name the tensors. "
                + "Default: as the plan says.",
        };
        Choice.TakeOnly(nonFinite, "fail", "warn");
        var read = new ReadCommandOptions();
        var output = new OutputOptions();

        var command = new Command(
            "join",
            "Make the output of a plan from its parts, once all are there. What they wrote is read back and checked; "
            + "stopped, the same command goes on.")
        {
            plan, nonFinite,
        };
        read.AddTo(command);
        output.AddTo(command);
        command.SetAction(parsed =>
        {
            bool quiet = parsed.GetValue(output.Quiet);
            bool json = parsed.GetValue(output.Json);
            PartitionedPlan planned = PartitionedPlan.Read(parsed.GetValue(plan)!);
            RunOptions options = read.Read(parsed) with
            {
                NonFinite = parsed.GetValue(nonFinite) switch
                {
                    "fail" => NonFinitePolicy.Fail,
                    "warn" => NonFinitePolicy.Warn,
                    _ => planned.NonFinite,
                },
            };
            RunReport report;
            try
            {
                report = ProgressDisplay.Run(quiet || json, progress => planned.Join(options, progress, Interrupt.Token));
            }
            catch (DemException e) when (e.Code == ErrorCode.NonFiniteOutput)
            {
                throw new DemException(
                    e.Code, e.Message, e, "Look at the tensors named; to publish it as it is, join with --nonfinite warn.");
            }
            catch (OperationCanceledException e)
            {
                throw new ResumableInterruption(null, e);
            }

            RunSummary.Print(report, quiet, json);
            return 0;
        });
        return command;
    }
}
