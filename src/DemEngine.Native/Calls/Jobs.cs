using System.Text.Json.Nodes;
using DemEngine.Analysis;
using DemEngine.Answers;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Merging.GgufOutputs;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Native.Models;
using DemEngine.Pipelines;

namespace DemEngine.Native.Calls;

/// <summary>What the functions of the library do, as the command line's commands do it.</summary>
internal static class Jobs
{
    private const OptionGroups OfMerges = OptionGroups.Reading | OptionGroups.Matching | OptionGroups.Values;
    private const OptionGroups OfFolders = OfMerges | OptionGroups.Writing;

    public static JsonObject Plan(RecipeCall call, string? output, string? options)
    {
        var read = CallOptions.Read(options, OfFolders | OptionGroups.Form);
        var run = read.Run with { PlansOnly = true };
        using MergePlan merge = MergePlanner.Plan(call.Recipe, read.Alignment, run, call.Sources);
        OutputPlan plan = merge.Plan;
        DiskRoom? room = null;
        if (output is not null && plan.GgufForm is not null)
        {
            room = GgufFileRun.Check(plan, output, run);
        }
        else if (output is not null && read.SingleFile)
        {
            SingleFileRun.Check(plan, output, run.Overwrite);
            room = DiskRoom.For(plan, output, run);
        }
        else if (output is not null)
        {
            room = OutputRun.Check(plan, output, run);
        }

        room?.Require(output!);
        return PlanAnswer.Of(plan, run, room, PlanAnswer.Tensors, PlanAnswer.TensorsOf(plan));
    }

    public static JsonObject Merge(RecipeCall call, string output, string? options, Progress progress)
    {
        var read = CallOptions.Read(options, OfFolders | OptionGroups.Form);
        using MergePlan merge = MergePlanner.Plan(call.Recipe, read.Alignment, read.Run, call.Sources);
        OutputPlan plan = merge.Plan;
        using var backend = new CpuBackend();
        return RunAnswer.Of(
            plan.GgufForm is not null
                ? GgufFileRun.Execute(plan, output, backend, read.Run, progress.Report, progress.Cancel)
            : read.SingleFile
                ? SingleFileRun.Execute(plan, output, backend, read.Run, progress.Report, progress.Cancel)
            : OutputRun.Execute(plan, output, backend, read.Run, progress.Report, progress.Cancel));
    }

    public static (JsonObject Report, NativeModel Model) MergeToMemory(RecipeCall call, string? options, Progress progress)
    {
        var read = CallOptions.Read(options, OfMerges);
        using MergePlan merge = MergePlanner.Plan(call.Recipe, read.Alignment, read.Run, call.Sources);
        using var backend = new CpuBackend();
        var model = new MergedModel();
        try
        {
            return (
                RunAnswer.Of(OutputRun.RunInto(merge.Plan, model, backend, read.Run, progress.Report, progress.Cancel)), model);
        }
        catch
        {
            model.EndUse();
            throw;
        }
    }

    public static JsonObject Extract(string origin, string tuned, string output, string? options, Progress progress)
    {
        var read = CallOptions.Read(options, OfFolders | OptionGroups.Type);
        using Checkpoint from = ModelWeights.Open(origin, read.Run.Io);
        using Checkpoint to = ModelWeights.Open(tuned, read.Run.Io, from);
        OutputPlan plan = ExtractPlanner.Plan(from, to, read.Type, read.Alignment, read.Run.MaxShardBytes);
        using var backend = new CpuBackend();
        var run = read.Run with { Card = false };
        return RunAnswer.Of(OutputRun.Execute(plan, output, backend, run, progress.Report, progress.Cancel));
    }

    public static JsonObject Distance(string origin, IReadOnlyList<string> models, string? options, Progress progress)
    {
        var read = CallOptions.Read(options, OptionGroups.Reading | OptionGroups.Matching);
        if (models.Count == 0)
            throw new DemException(ErrorCode.BadArgument, "the argument models is empty");
        using var backend = new CpuBackend();
        return DistanceAnswer.Of(DistanceMeasurement.Run(
            origin, models, read.Alignment, read.Run, backend, progress.Report, progress.Cancel));
    }

    /// <summary>Verifies an output. The answer has the report also where the output is damaged, which is an error.</summary>
    public static void Verify(string folder, string? options, Progress progress, Answer answer)
    {
        var read = CallOptions.Read(options, OptionGroups.Reading);
        VerifyReport report = PipelineVerification.IsFor(folder)
            ? PipelineVerification.Run(folder, read.Run, progress.Report, progress.Cancel)
            : Verification.Run(folder, read.Run, progress.Report, progress.Cancel);
        answer.Members = VerifyAnswer.Of(report);
        report.ThrowUnlessIntact();
    }

    public static NativeModel Open(string path, string? options) =>
        new OpenedModel(path, CallOptions.Read(options, OptionGroups.Reading).Run.Io);
}
