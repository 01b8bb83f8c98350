using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>The Gram matrix of differences from a base, some of which are stored.</summary>
internal static class DifferenceGram
{
    private static readonly int SingleBytes = GramOrder.LeafElements * ElementType.F32.Size;

    /// <summary>Measures x₁ − b … xₙ − b and b.</summary>
    /// <param name="inputs">b, x₁ … xₙ: so many elements from the start of a leaf.</param>
    /// <param name="isVector">Of each x whether it is a difference already.</param>
    /// <param name="leafSums">For each leaf the products of each two, row after row.</param>
    /// <param name="workspace">The calling thread's.</param>
    public static void Measure(ReadOnlySpan<TypedBytes> inputs, ReadOnlySpan<bool> isVector, Span<double> leafSums, ITileContext workspace)
    {
        if (!isVector.Contains(true))
        {
            workspace.Worker.Gram(relativeToBase: true, inputs, leafSums);
            return;
        }

        // The differences first, leaf by leaf.
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
