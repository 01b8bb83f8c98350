using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Models;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Computes in one pass how far distribution vectors pull in opposite directions.</summary>
internal static class SignMeasurement
{
    /// <summary>Computes the sign conflict of every pair of models.</summary>
    /// <param name="baseModel">Path of the base model.</param>
    /// <param name="models">Paths of models tuned from the base, or of distribution vectors extracted with it.</param>
    /// <param name="alignment">Rules for models that do not match. Rows that one model lacks are left out of all.</param>
    /// <param name="options">Run options: threads, memory and I/O. They do not affect the result.</param>
    /// <param name="backend">Backend that computes the differences.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <returns>Square matrix with a row and a column for each model; the diagonal is zero.</returns>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): an argument is wrong. DEM2001 to DEM2022: a checkpoint cannot be opened, or does not match the
    /// base. DEM4003 (ReadFailed), DEM4005 (InputChanged): a file could not be read, or changed during the run.
    /// </exception>
    public static ImmutableArray<ImmutableArray<SignConflict>> Run(
        string baseModel,
        IReadOnlyList<string> models,
        AlignmentOptions alignment,
        RunOptions options,
        IMergeBackend backend,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        using var opened = new OpenedModels(options);
        Checkpoint origin = opened.OpenPath(baseModel);
        (Checkpoint Checkpoint, AlignedSource Source)[] opens =
            [.. models.Select(path => DistanceMeasurement.OpenSource(path, origin, opened))];
        AlignedSource[] sources = [.. opens.Select(one => one.Source)];
        SignPart[] parts =
        [
            .. CheckpointAlignment.Align((origin, opened.InputOf(origin)), opens, alignment).Tensors
                .Where(tensor => tensor.Spec.Type.IsFloat && tensor.Sources.All(source => source.Tensor is not null))
                .Select(tensor => PartOf(tensor, sources)),
        ];
        TensorPass.Run("comparing signs", parts, options.Reading(opened.All), backend, progress, cancel);
        foreach (Checkpoint checkpoint in opened.All)
            checkpoint.CheckUnchanged();

        SignPart[] ordered = [.. parts.OrderBy(part => part.Name, StringComparer.Ordinal)];
        return
        [
            .. Enumerable.Range(0, models.Count).Select(i => Enumerable.Range(0, models.Count)
                .Select(j => ordered.Select(part => part.Of(i, j)).Aggregate(new SignConflict(0, 0, 0, 0), Add))
                .ToImmutableArray()),
        ];
    }

    private static SignPart PartOf(AlignedTensor tensor, AlignedSource[] sources)
    {
        long rows = tensor.Sources.Select(source => source.Rows).Append(tensor.Spec.Shape.Rows).Min();
        return new SignPart(
            tensor.Base,
            [.. tensor.Sources.Select((source, k) => new DistanceSource(k, source.Tensor!, sources[k].IsVector))],
            rows * tensor.Spec.Shape.RowElements);
    }

    private static SignConflict Add(SignConflict a, SignConflict b) =>
        new(a.Both + b.Both, a.Opposed + b.Opposed, a.Overlap + b.Overlap, a.Cancelled + b.Cancelled);
}
