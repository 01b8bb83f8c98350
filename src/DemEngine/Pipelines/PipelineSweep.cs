using DemEngine.Backends;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Sweeps;

namespace DemEngine.Pipelines;

/// <summary>
/// A sweep over pipelines: for each component, every part of the inputs is read once for all merges. Each merge appears under its
/// name once all of its components are complete.
/// </summary>
internal static class PipelineSweep
{
    /// <summary>Whether the models of a sweep are pipelines.</summary>
    /// <exception cref="DemException">Any error of <see cref="PipelineRecipe.Of"/>.</exception>
    public static bool IsFor(IReadOnlyList<SweepCandidate> candidates, AlignmentOptions alignment) =>
        PipelineRecipe.Of(candidates[0].Recipe, alignment) is not null;

    /// <summary>Makes the merges, and the tables beside them; see <see cref="Sweep.Run"/>.</summary>
    /// <exception cref="DemException">Any documented error of a run, and of <see cref="PipelineRecipe.Of"/>.</exception>
    public static SweepReport Run(
        IReadOnlyList<SweepCandidate> candidates,
        string output,
        AlignmentOptions alignment,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        foreach (SweepCandidate candidate in candidates)
            MergePlanner.CheckRecipe(candidate.Recipe);
        var members = new List<Member>();
        try
        {
            foreach (SweepCandidate candidate in candidates)
            {
                PipelineRecipe recipe = PipelineRecipe.Of(candidate.Recipe, alignment)!;
                if (OptionsFor(recipe, Path.Combine(output, candidate.Name), options, cancel) is { } own)
                    members.Add(new Member(recipe, PipelineOutput.Begin(recipe, Path.Combine(output, candidate.Name), own)));
            }

            for (int k = 0; members.Count > 0 && k < members[0].Recipe.Components.Length; k++)
                Make(members, k, alignment, backend, options, progress, cancel);
            foreach (Member member in members)
                member.Output.Publish();
        }
        finally
        {
            foreach (Member member in members)
                member.Output.Dispose();
        }

        SweepTable.Write(output, candidates);
        return new SweepReport(
            Path.GetFullPath(output),
            [.. candidates.Select(candidate => candidate.Name)],
            [.. members.Select(member => member.Report)]);
    }

    /// <summary>Finds out how a merge is to be made; null if the sweep is resumed and the merge is complete.</summary>
    private static RunOptions? OptionsFor(PipelineRecipe recipe, string folder, RunOptions options, CancellationToken cancel)
    {
        if (options.Unfinished != UnfinishedRun.Resume)
            return options;
        if (PipelineVerification.IsFor(folder))
        {
            if (PipelineOutput.FindComplete(recipe, folder, options, cancel) is not null)
            {
                // A process that died after it had exchanged an old output for this one left the old one there.
                StagingDirectory.Discard(folder);
                return null;
            }

            options = options with { Overwrite = true };
        }

        return StagingDirectory.IsThere(folder) ? options : options with { Unfinished = UnfinishedRun.Refuse };
    }

    /// <summary>Makes a component of every merge.</summary>
    private static void Make(
        List<Member> members,
        int component,
        AlignmentOptions alignment,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        using var merge = MemoryMerge.OpenOnce(members[0].Recipe.Components[component].Recipe, alignment, backend, options);
        var requests = new List<(Member Member, OutputRequest Request)>();
        foreach (Member member in members)
        {
            ComponentRecipe recipe = member.Recipe.Components[component];
            OutputPlan plan = merge.Plan(recipe.Recipe);
            string folder = member.Output.FolderOf(recipe.Name);
            if (member.Output.OptionsFor(recipe.Name, plan, cancel) is { } own)
                requests.Add((member, new OutputRequest(plan, folder, own)));
            else
                member.Reports.Add(FinishedOutput.Report(folder, plan));
        }

        if (requests.Count == 0)
            return;
        var reports = OutputRun.ExecuteTogether([.. requests.Select(pair => pair.Request)], backend, progress, cancel);
        foreach (var (pair, report) in requests.Zip(reports))
            pair.Member.Reports.Add(report);
    }

    /// <summary>A merge of the sweep that is being made.</summary>
    private sealed class Member(PipelineRecipe recipe, PipelineOutput output)
    {
        public PipelineRecipe Recipe => recipe;

        public PipelineOutput Output => output;

        /// <summary>Reports of its components.</summary>
        public List<RunReport> Reports { get; } = [];

        /// <summary>The report of the whole.</summary>
        public RunReport Report => new(
            output.Output,
            Reports.Select(report => report.Backend).LastOrDefault(name => name.Length > 0) ?? "",
            Reports.Sum(report => report.Tensors),
            Reports.Sum(report => report.Resumed),
            Reports.Sum(report => report.BytesRead),
            Reports.Sum(report => report.BytesWritten),
            Reports.Sum(report => report.Seconds),
            Reports.Sum(report => report.SyncSeconds),
            [.. Reports.SelectMany(report => report.NonFinite)],
            [.. Reports.SelectMany(report => report.Remarks).Distinct()]);
    }
}
