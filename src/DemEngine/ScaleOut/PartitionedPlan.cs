using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Recipes;

namespace DemEngine.ScaleOut;

/// <summary>
/// A merge that is cut into parts, which machines carry out that share a folder and nothing else: no server, no messages. The
/// plan's file has all that they agree on. Each part writes files of its own in a folder beside the output, and may be stopped
/// and run again, there or elsewhere; joining checks what they wrote and publishes the output. Its bytes, those of the weights
/// and of all files beside them, are those of a merge on one machine, whatever the number of parts.
/// </summary>
public sealed class PartitionedPlan
{
    /// <summary>Largest number of parts.</summary>
    public const int MostParts = 100_000;

    private readonly PlanDocument _document;

    private PartitionedPlan(PlanDocument document, string path)
    {
        _document = document;
        Path = path;
    }

    /// <summary>Path of the plan's file.</summary>
    public string Path { get; }

    /// <summary>Full path of the output.</summary>
    public string Output => _document.Output;

    /// <summary>The parts, whose numbers start from 0.</summary>
    public ImmutableArray<PlannedPart> Parts => [.. _document.Parts];

    /// <summary>Policy of the plan for infinities and NaNs, which is applied when the parts are joined.</summary>
    public NonFinitePolicy NonFinite => _document.Options.NonFinite;

    /// <summary>Plans the merge of a recipe file, cuts it, and writes the plan's file.</summary>
    /// <param name="recipe">Path of the recipe.</param>
    /// <param name="output">Path of the folder to create, which all machines reach under this path.</param>
    /// <param name="parts">Number of parts.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="options">
    /// Run options. Those that decide what the output is are part of the plan; the others count on this machine.
    /// </param>
    /// <param name="path">Path of the plan's file; an earlier plan there is replaced.</param>
    /// <exception cref="DemException">
    /// DEM1001 to DEM1006 (BadArgument to NothingToResume): the output cannot be made. DEM1034 (OtherPlan): parts of another plan
    /// are there. DEM1036 (NotInParts): the merge cannot be done in parts. Any error of planning the merge.
    /// </exception>
    public static PartitionedPlan Create(
        string recipe, string output, int parts, AlignmentOptions alignment, RunOptions options, string path) =>
        Create(RecipeSource.ReadFile(recipe), output, parts, alignment, options, path);

    /// <summary>Plans the merge of a recipe that was read already.</summary>
    internal static PartitionedPlan Create(
        RecipeSource recipe, string output, int parts, AlignmentOptions alignment, RunOptions options, string path)
    {
        if (parts is < 1 or > MostParts)
            throw new DemException(ErrorCode.BadArgument, $"{parts} parts: at least 1 and at most {MostParts} are possible");
        path = System.IO.Path.GetFullPath(path);
        ReportFile.Check(path);
        if (File.Exists(path))
            CheckReplaceable(path);
        PlannedOptions planned = new(
            alignment.Missing,
            alignment.Extra,
            alignment.Vocabulary,
            alignment.Experts,
            options.MaxShardBytes,
            options.NonFinite,
            options.Card,
            options.Overwrite);
        using OpenedPlan opened = OpenedPlan.Open(recipe, planned, parts, options);
        OutputRun.Check(opened.Plan, output, options).Require(output);

        output = WorkingFolder.FullPath(output);
        var folder = new PartsFolder(output);
        if (options.Unfinished == UnfinishedRun.Restart)
        {
            StagingDirectory.Discard(output);
            folder.Discard();
        }
        else if (folder.PlanId is { } other && other != opened.Id)
        {
            throw new DemException(ErrorCode.OtherPlan, $"{folder.Path}: these are parts of another plan") { Path = folder.Path };
        }

        var document = new PlanDocument(
            PlanDocument.Schema,
            Manifest.ThisEngine,
            opened.Id,
            recipe,
            output,
            planned,
            opened.Plan.Inputs,
            opened.Models,
            [.. ManifestFile.Of(opened.Plan.Layout.Shards, []).Select(file => new PlannedFile(file.Path, file.Bytes, file.Hash))],
            opened.Describe());
        folder.Begin(opened.Id);
        document.Write(path);
        return new PartitionedPlan(document, path);
    }

    /// <summary>Reads a plan.</summary>
    /// <param name="path">Path of the plan's file.</param>
    /// <exception cref="DemException">
    /// DEM1032 (BadPlan): it is not a plan, or one of another version. DEM2089 (NoPlan): there is none.
    /// </exception>
    public static PartitionedPlan Read(string path) => new(PlanDocument.Read(path), path);

    /// <summary>
    /// Carries out a part, or goes on with it. It plans the merge again, and refuses to write where that gives another plan.
    /// </summary>
    /// <param name="part">Number of the part, from 0.</param>
    /// <param name="backend">Backend that computes the tensors.</param>
    /// <param name="options">
    /// Options of this machine: threads, memory, I/O. <see cref="UnfinishedRun.Restart"/> makes all of the part anew; else what
    /// there is of it is checked and kept.
    /// </param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles; the same call goes on.</param>
    /// <returns>What was done. Infinities and NaNs are reported, and refused when the parts are joined.</returns>
    /// <exception cref="DemException">
    /// DEM1008 (OutputBusy): another process works on the part. DEM1030 (PlanMismatch): the inputs or the engine are not those of
    /// the plan. DEM1031 (NoSuchPart), DEM1034 (OtherPlan), DEM1035 (PlanNotBegun), DEM1037 (MeasurementsMissing), DEM4031
    /// (PartTakenOver), and any documented error of a run.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public RunReport RunPart(
        int part,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        Require(part);
        RunOptions run = _document.Options.On(options);
        using OpenedPlan opened = OpenedPlan.Open(_document, Path, run);
        return new PartRun(opened, Output, part).Execute(backend, run, progress, cancel);
    }

    /// <summary>
    /// Lists the files that a part reads tensors from. A machine may have these on a disk of its own, and links to the others,
    /// of which headers and samples are read.
    /// </summary>
    /// <param name="part">Number of the part, from 0.</param>
    /// <param name="options">As for <see cref="RunPart"/>.</param>
    /// <exception cref="DemException">
    /// DEM1030 (PlanMismatch): the inputs or the engine are not those of the plan. DEM1031 (NoSuchPart).
    /// </exception>
    public ImmutableArray<PartInput> InputsOf(int part, RunOptions options)
    {
        Require(part);
        using OpenedPlan opened = OpenedPlan.Open(_document, Path, _document.Options.On(options));
        return PartInputs.Of(opened.Plan, opened.Parts[part]);
    }

    /// <summary>
    /// Measures some of what a method measures over several tensors (<c>scope: layer</c> and <c>scope: model</c>), so that the
    /// parts need not. It is a phase before the parts are made: once one part has measured, all have to before any is made. What
    /// is measured over the whole model, one part measures. Other methods have nothing to measure here.
    /// </summary>
    /// <param name="part">Number of the part, from 0.</param>
    /// <param name="backend">Backend that computes the statistics.</param>
    /// <param name="options">As for <see cref="RunPart"/>.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles; the same call begins anew.</param>
    /// <returns>The number of tensors that statistics were measured for, and the bytes read.</returns>
    /// <exception cref="DemException">Those of <see cref="RunPart"/>.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public RunReport MeasurePart(
        int part,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        Require(part);
        RunOptions run = _document.Options.On(options);
        using OpenedPlan opened = OpenedPlan.Open(_document, Path, run);
        var folder = new PartsFolder(Output);
        folder.Require(opened.Id);
        return new MeasureRun(opened, folder).Execute(part, backend, run, progress, cancel);
    }

    /// <summary>
    /// Joins the parts: reads back all that they wrote, writes what lies beside the weights, and publishes the output in one
    /// step. Until then an existing output stays. Stopped at any point, it can be called again; of an output that is published
    /// already every byte is checked.
    /// </summary>
    /// <param name="options">
    /// Options of this machine, and <see cref="RunOptions.NonFinite"/>, which may differ from that of the plan.
    /// </param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the work.</param>
    /// <exception cref="DemException">
    /// DEM1030 (PlanMismatch), DEM1033 (PartsMissing): the message names the parts. DEM1034 (OtherPlan), DEM1035 (PlanNotBegun).
    /// DEM4030 (PartDamaged): what parts wrote is not what they recorded; run again, they make that anew. Any documented error of
    /// publishing an output.
    /// </exception>
    public RunReport Join(RunOptions options, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        using OpenedPlan opened = OpenedPlan.Open(_document, Path, options);
        return new JoinRun(opened, _document).Execute(options, progress, cancel);
    }

    private void Require(int part)
    {
        if (part < 0 || part >= _document.Parts.Count)
            throw new DemException(
                ErrorCode.NoSuchPart, $"{Path}: there is no part {part}; the parts are 0 to {_document.Parts.Count - 1}");
    }

    private static void CheckReplaceable(string path)
    {
        try
        {
            PlanDocument.Read(path);
        }
        catch (DemException e)
        {
            throw new DemException(ErrorCode.OutputNotOurs, $"{path}: the file there is no plan", e) { Path = path };
        }
    }
}
