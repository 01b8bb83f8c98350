using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Numerics;

namespace DemEngine.Merging.Names;

/// <summary>
/// Finds weights that a model shares between modules and stores more than once, as an embedding that is the output matrix too:
/// tensors of the vocabulary with the same shape, type and contents.
/// </summary>
internal static class TiedWeights
{
    private const int BlockBytes = 1 << 20;
    private const int SampleBytes = 4096;
    private const int Samples = 16;

    /// <summary>Finds the groups of tied tensors of a checkpoint.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    /// <param name="samplesOnly">Whether samples decide, so that nothing is read whole.</param>
    /// <returns>
    /// Names of the tensors of each group, the embedding first. A tensor that differs from the others in one of a few samples, as
    /// an output matrix of its own does, is not read further; two that are the same are read whole.
    /// </returns>
    /// <exception cref="DemException">DEM4003 (ReadFailed): a file cannot be read.</exception>
    public static ImmutableArray<ImmutableArray<string>> Find(Checkpoint checkpoint, bool samplesOnly = false)
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
                StoredTensor[] same = [first, .. open.Skip(1).Where(other => AreEqual(first, other, samplesOnly))];
                if (same.Length > 1)
                    groups.Add([.. same.Select(tensor => tensor.Spec.Name)]);
                open.RemoveAll(tensor => same.Contains(tensor));
            }
        }

        return groups.ToImmutable();
    }

    private static bool IsOutsideLayers(string name) => VocabularyName.IsKnown(name) && LayerName.Parse(name).Stack is null;

    private static bool AreEqual(StoredTensor a, StoredTensor b, bool samplesOnly)
    {
        // Few bytes tell most tensors apart. Whole tensors are read only where they are the same, or nearly so.
        int size = a.Spec.Type.Size;
        long units = a.Spec.UnitCount;
        int sample = (int)Math.Min(units, SampleBytes / size);
        byte[] left = new byte[sample * size];
        byte[] right = new byte[sample * size];
        for (int k = 0; k < Samples; k++)
        {
            if (!AreEqualAt((units - sample) / (Samples - 1) * k, sample))
                return false;
        }

        if (samplesOnly)
            return units > 0;
        int block = (int)Math.Min(units, BlockBytes / size);
        left = new byte[block * size];
        right = new byte[block * size];
        for (long first = 0; first < units; first += block)
        {
            if (!AreEqualAt(first, (int)Math.Min(block, units - first)))
                return false;
        }

        return units > 0;

        bool AreEqualAt(long first, int count)
        {
            a.Peek(first, left.AsSpan(0, count * size));
            b.Peek(first, right.AsSpan(0, count * size));
            return left.AsSpan(0, count * size).SequenceEqual(right.AsSpan(0, count * size));
        }
    }
}
