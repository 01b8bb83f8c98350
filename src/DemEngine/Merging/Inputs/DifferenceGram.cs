using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>Computes the Gram matrix of differences from a base, some of which are stored as differences.</summary>
internal static class DifferenceGram
{
    private static readonly int SingleBytes = GramOrder.LeafElements * ElementType.F32.Size;

    /// <summary>Computes the leaf sums of the Gram matrix of x₁ − b … xₙ − b and b.</summary>
    /// <param name="inputs">Tensors b, x₁ … xₙ: the same number of elements of each, beginning at the start of a leaf.</param>
    /// <param name="isVector">Flag for each x, set where it is a difference already.</param>
    /// <param name="leafSums">Output: for each leaf the dot products of all pairs, row after row.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    public static void Measure(
        ReadOnlySpan<TypedBytes> inputs, ReadOnlySpan<bool> isVector, Span<double> leafSums, ITileContext workspace)
    {
        if (!isVector.Contains(true))
        {
            workspace.Worker.Gram(relativeToBase: true, inputs, leafSums);
            return;
        }

        // Stored differences and models are mixed, so the models' differences are computed first, leaf by leaf.
        int elements = inputs[0].Count;
        int pairs = GramMatrix.PairCount(inputs.Length);
        var scratch = new TypedBytes(ElementType.F32, workspace.Scratch(isVector.Length * SingleBytes));
        var vectors = new TypedBytes[inputs.Length];
        for (int start = 0, leaf = 0; start < elements; start += GramOrder.LeafElements, leaf++)
        {
            int count = Math.Min(GramOrder.LeafElements, elements - start);
            TypedBytes b = inputs[0].Slice(start, count);
            for (int k = 0; k < isVector.Length; k++)
            {
                vectors[k] = inputs[k + 1].Slice(start, count);
                if (isVector[k])
                    continue;
                TypedBytes difference = scratch.Slice(k * GramOrder.LeafElements, count);
                workspace.Worker.Combine(LinearCombination.Difference, [b, vectors[k]], difference);
                vectors[k] = difference;
            }

            vectors[^1] = b;
            workspace.Worker.Gram(relativeToBase: false, vectors, leafSums.Slice(leaf * pairs, pairs));
        }
    }
}
