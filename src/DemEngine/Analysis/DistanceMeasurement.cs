using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Merging.Models;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Computes <see cref="LayerDistances"/> in one pass over the models.</summary>
public static class DistanceMeasurement
{
    /// <summary>Computes the per-layer distances of models from their base.</summary>
    /// <param name="baseModel">Path of the base model.</param>
    /// <param name="models">Paths of models tuned from the base, or of distribution vectors extracted with it.</param>
    /// <param name="alignment">
    /// Rules for models that do not match. Rows or tensors that a model lacks count as unchanged in it.
    /// </param>
    /// <param name="options">Run options: threads, memory and I/O. They do not affect the result.</param>
    /// <param name="backend">Backend that computes the products.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): no model is given, or the base is a distribution vector. DEM2001 to DEM2022: a checkpoint cannot be
    /// opened, or does not match the base. DEM4003 (ReadFailed), DEM4005 (InputChanged): a file could not be read, or changed
    /// during the run.
    /// </exception>
    public static LayerDistances Run(
        string baseModel,
        IReadOnlyList<string> models,
        AlignmentOptions alignment,
        RunOptions options,
        IMergeBackend backend,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        if (models.Count == 0)
            throw new DemException(ErrorCode.BadArgument, "there is no model whose distance is to be measured");

        using var opened = new OpenedModels(options);
        Checkpoint origin = opened.OpenPath(baseModel);
        if (DistributionVector.IsVector(origin))
            throw new DemException(ErrorCode.BadArgument, $"{baseModel}: this is a distribution vector, not a base");
        (Checkpoint Checkpoint, AlignedSource Source)[] opens = [.. models.Select(path => OpenSource(path, origin, opened))];
        AlignedSource[] sources = [.. opens.Select(one => one.Source)];
        TensorAlignment aligned = CheckpointAlignment.Align((origin, opened.InputOf(origin)), opens, alignment);
        AlignedTensor[] tensors = [.. aligned.Tensors.Where(tensor => tensor.Spec.Type.IsFloat)];
        ILookup<string, DistancePart> parts = tensors.SelectMany(tensor => Cut(tensor, sources))
            .ToLookup(part => part.Name, StringComparer.Ordinal);
        DistancePart[] all = [.. tensors.SelectMany(tensor => parts[tensor.Spec.Name])];
        TensorPass.Run("measuring", all, options.Reading(opened.All), backend, progress, cancel);
        foreach (Checkpoint checkpoint in opened.All)
            checkpoint.CheckUnchanged();

        string[] labels = ModelLabels.Of(models);
        TensorSum[] sums =
        [
            .. tensors.OrderBy(tensor => tensor.Spec.Name, StringComparer.Ordinal)
                .Select(tensor => new TensorSum(tensor.Spec, Sum(models.Count, parts[tensor.Spec.Name]))),
        ];
        var order = new NetworkOrder([.. sums.Select(sum => sum.Spec.Name)]);
        ILookup<string, TensorSum> groups = sums.ToLookup(sum => order.GroupOf(sum.Spec.Name), StringComparer.Ordinal);
        return new LayerDistances(
            baseModel,
            [.. models.Select((path, k) => new MeasuredModel(labels[k], path, sources[k].IsVector))],
            [
                .. order.Groups
                    .Select(group => Total(group, groups[group], models.Count)),
            ],
            Total("whole", sums, models.Count),
            origin.Tensors.Count(tensor => !tensor.Spec.Type.IsFloat),
            [
                .. sums.Where(sum => sum.Gram.Upper.ContainsAnyExceptInRange(double.MinValue, double.MaxValue))
                    .Select(sum => sum.Spec.Name),
            ],
            all.Sum(part => part.Count * part.ElementBytes))
        {
            Remarks = [.. aligned.Remarks],
        };
    }

    internal static (Checkpoint Checkpoint, AlignedSource Source) OpenSource(string path, Checkpoint origin, OpenedModels opened)
    {
        Checkpoint checkpoint = opened.OpenPath(path);
        bool isVector = DistributionVector.IsVector(checkpoint);
        if (isVector)
            DistributionVector.Check(checkpoint, opened.FingerprintOf(origin));
        return (checkpoint, new AlignedSource(Quoted.Name(path), opened.InputOf(checkpoint), isVector));
    }

    /// <summary>Splits a tensor at the rows where a source ends.</summary>
    private static IEnumerable<DistancePart> Cut(AlignedTensor tensor, AlignedSource[] sources)
    {
        long rows = tensor.Spec.Shape.Rows;
        long rowElements = tensor.Spec.Shape.RowElements;
        long[] cuts = [.. tensor.Sources.Select(source => Math.Min(source.Rows, rows)).Append(0).Append(rows).Distinct().Order()];
        foreach (var (from, to) in cuts.Zip(cuts.Skip(1)))
        {
            DistanceSource[] there =
            [
                .. tensor.Sources.Select((source, k) => (source, k))
                    .Where(pair => pair.source.Tensor is not null && pair.source.Rows >= to)
                    .Select(pair => new DistanceSource(pair.k, pair.source.Tensor!, sources[pair.k].IsVector)),
            ];
            yield return new DistancePart(tensor.Base, there, from * rowElements, (to - from) * rowElements);
        }
    }

    private static GramMatrix Sum(int models, IEnumerable<DistancePart> parts)
    {
        var sum = new GramMatrix(models + 1);
        foreach (DistancePart part in parts)
            part.AddTo(sum);
        return sum;
    }

    /// <summary>Adds up tensors in the order of their names, so that the result does not depend on the shards.</summary>
    private static LayerDistance Total(string name, IEnumerable<TensorSum> tensors, int models)
    {
        var total = new GramMatrix(models + 1);
        int count = 0;
        long parameters = 0;
        foreach (TensorSum tensor in tensors)
        {
            total.Add(tensor.Gram);
            count++;
            parameters += tensor.Spec.Shape.ElementCount;
        }

        return new LayerDistance(name, count, parameters, total);
    }

    private sealed record TensorSum(TensorSpec Spec, GramMatrix Gram);
}
