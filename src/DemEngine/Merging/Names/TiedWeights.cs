using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Names;

/// <summary>
/// Finds weights that a model shares between modules and stores more than once, as an embedding that is the output matrix too:
/// tensors of the vocabulary with the same shape, type and contents.
/// </summary>
internal static class TiedWeights
{
    private const int BlockBytes = 1 << 20;

    /// <summary>Finds the groups of tied tensors of a checkpoint.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    /// <returns>
    /// Names of the tensors of each group, the embedding first. A tensor that differs from the others in its first megabyte, as
    /// an output matrix of its own does, is not read further.
    /// </returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed): a file cannot be read.</exception>
    public static ImmutableArray<ImmutableArray<string>> Find(Checkpoint checkpoint)
    {
        var groups = ImmutableArray.CreateBuilder<ImmutableArray<string>>();
        foreach (var alike in checkpoint.Tensors
            .Where(tensor => tensor.Spec.Type.IsFloat && IsOutsideLayers(tensor.Spec.Name))
            .GroupBy(tensor => (tensor.Spec.Type, tensor.Spec.Shape))
            .Where(alike => alike.Count() > 1))
        {
            var open = alike.OrderBy(tensor => !OuterName.IsBefore(tensor.Spec.Name))
                .ThenBy(tensor => tensor.Spec.Name, StringComparer.Ordinal).ToList();
            while (open.Count > 1)
            {
                StoredTensor first = open[0];
                StoredTensor[] same = [first, .. open.Skip(1).Where(other => AreEqual(first, other))];
                if (same.Length > 1)
                    groups.Add([.. same.Select(tensor => tensor.Spec.Name)]);
                open.RemoveAll(tensor => same.Contains(tensor));
            }
        }

        return groups.ToImmutable();
    }

    private static bool IsOutsideLayers(string name) => VocabularyName.IsKnown(name) && LayerName.Parse(name).Stack is null;

    private static bool AreEqual(StoredTensor a, StoredTensor b)
    {
        using var forA = new NativeBuffer(BlockBytes);
        using var forB = new NativeBuffer(BlockBytes);
        int step = BlockBytes / a.Spec.Type.Size;
        long elements = a.Spec.Shape.ElementCount;
        for (long first = 0; first < elements; first += step)
        {
            int count = (int)Math.Min(step, elements - first);
            if (!a.Read(first, count, forA.Bytes).Bytes.Span.SequenceEqual(b.Read(first, count, forB.Bytes).Bytes.Span))
                return false;
        }

        return elements > 0;
    }
}
