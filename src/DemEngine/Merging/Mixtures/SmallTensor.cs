using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Mixtures;

/// <summary>A tensor that is made from no other one, such as a router. Its elements are computed from their indices.</summary>
/// <param name="spec">Name, type and shape of the tensor.</param>
/// <param name="operation">What the elements are, for the plan.</param>
/// <param name="element">Function that gives the element at an index.</param>
/// <param name="remark">Function that gives a warning for the user once the tensor is complete, or null.</param>
internal sealed class SmallTensor(TensorSpec spec, string operation, Func<long, double> element, Func<string?>? remark = null)
    : OutputTensor(spec)
{
    private const int PartElements = 1 << 13;

    public override IReadOnlyList<TensorReader> Inputs => [];

    public override string Operation => operation;

    public override string? Remark => remark?.Invoke();

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        var nonFinite = default(NonFinite);
        for (int done = 0; done < output.Count; done += PartElements)
        {
            int count = Math.Min(PartElements, output.Count - done);
            var numbers = new TypedBytes(ElementType.F64, workspace.Scratch(count * sizeof(double)));
            Span<double> values = MemoryMarshal.Cast<byte, double>(numbers.Bytes.Span);
            for (int k = 0; k < count; k++)
                values[k] = element(first + done + k);
            nonFinite += workspace.Worker.Combine(LinearCombination.BaseAlone, [numbers], output.Slice(done, count));
        }

        return nonFinite;
    }
}
