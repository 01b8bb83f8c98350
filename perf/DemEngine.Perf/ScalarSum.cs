using System.Runtime.CompilerServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Perf;

/// <summary>The weighted sum one element after the other, as anyone would write it first.</summary>
internal readonly struct ScalarSum(LinearCombination sum, TypedBytes[] inputs, TypedBytes output) : IFloatElementVisitor<int>
{
    public int Visit<TElement>()
        where TElement : IFloatElement
    {
        for (int i = 0; i < output.Count; i++)
        {
            double b = TElement.Read(ref inputs[0].Bytes.Span[i * TElement.Size]);
            double total = b;
            for (int s = 0; s < sum.Terms.Length; s++)
            {
                double weight = sum.Terms[s].Weight;
                total += weight * TElement.Read(ref inputs[s + 1].Bytes.Span[i * TElement.Size]);
                total -= weight * b;
            }

            TElement.Write(total, ref Unsafe.Add(ref output.Bytes.Span[0], i * TElement.Size));
        }

        return 0;
    }
}
