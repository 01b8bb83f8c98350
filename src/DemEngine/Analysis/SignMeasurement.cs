using System.Collections.Immutable;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Models;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Measures in one pass how far distribution vectors pull in opposite directions.</summary>
internal static class SignMeasurement
{
    /// <summary>Measures every pair.</summary>
    /// <param name="baseModel">Path of the base.</param>
    /// <param name="models">Paths of models tuned from it, or of distribution vectors extracted with it.</param>
    /// <param name="alignment">What to do where they do not match. Rows that a model lacks are left out of all.</param>
    /// <param name="options">Threads, memory and I/O; they do not show in the result.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="progress">Told where the pass stands, from any thread, often.</param>
    /// <param name="cancel">Stops between tiles.</param>
    /// <returns>One row for each model, one entry for each; nothing conflicts with itself.</returns>
    /// <exception cref="DemException">DEM1001, DEM2001 to DEM2022, DEM4003, DEM4005.</exception>
    public static ImmutableArray<ImmutableArray<SignConflict>> Run(
        string baseModel,
        IReadOnlyList<string> models,
        AlignmentOptions alignment,
        RunOptions options,
        IMergeBackend backend,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        using var opened = new OpenedModels(options.Io);
        Checkpoint origin = opened.Open(baseModel);
        AlignedSource[] sources = [.. models.Select(path => DistanceMeasurement.OpenSource(path, origin, opened))];
        SignPart[] parts =
        [
            .. new TensorAlignment(opened.InputOf(origin), sources, alignment).Tensors
                .Where(tensor => tensor.Spec.Type.IsFloat && tensor.Sources.All(source => source.Tensor is not null))
                .Select(tensor => PartOf(tensor, sources)),
        ];
        TensorPass.Run("comparing signs", parts, options, backend, progress, cancel);
        foreach (Checkpoint checkpoint in opened.All)
            checkpoint.CheckUnchanged();

        SignPart[] ordered = [.. parts.OrderBy(part => part.Name, StringComparer.Ordinal)];
        return
        [
            .. Enumerable.Range(0, models.Count).Select(i => Enumerable.Range(0, models.Count)
                .Select(j => ordered.Select(part => part.Of(i, j)).Aggregate(new SignConflict(0, 0, 0, 0), Add)).ToImmutableArray()),
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
