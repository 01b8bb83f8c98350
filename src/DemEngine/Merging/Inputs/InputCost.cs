using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// The cost of reading one element of each of several tensors, including those that they are made from, each counted once.
/// </summary>
/// <param name="ElementBytes">Bytes read from files per element, summed over the tensors.</param>
/// <param name="Buffers">Number of workspace buffers that are filled.</param>
/// <param name="BufferElementBytes">Bytes of these buffers per element, summed over the tensors.</param>
/// <param name="Tensors">Number of tensors.</param>
internal readonly record struct InputCost(long ElementBytes, int Buffers, long BufferElementBytes, int Tensors)
{
    /// <summary>Memory that it takes to compute the tensors, one after the other.</summary>
    public ComputingMemory Computing { get; init; }

    // With so few, each is compared with those before it.
    private const int FewInputs = 8;

    /// <summary>Computes the cost of reading the same elements of several tensors.</summary>
    public static InputCost Of(IReadOnlyList<TensorReader> inputs)
    {
        if (inputs.Count <= FewInputs && inputs.All(input => input.MadeFrom.Count == 0))
            return OfFew(inputs);
        var seen = new HashSet<TensorReader>();
        var cost = default(InputCost);
        var left = new Stack<TensorReader>(inputs);
        while (left.TryPop(out TensorReader? input))
        {
            if (!seen.Add(input))
                continue;
            cost = cost.With(input);
            foreach (TensorReader from in input.MadeFrom)
                left.Push(from);
        }

        return cost;
    }

    private static InputCost OfFew(IReadOnlyList<TensorReader> inputs)
    {
        var cost = default(InputCost);
        for (int k = 0; k < inputs.Count; k++)
        {
            bool isNew = true;
            for (int other = 0; other < k; other++)
                isNew &= inputs[other] != inputs[k];
            if (isNew)
                cost = cost.With(inputs[k]);
        }

        return cost;
    }

    private InputCost With(TensorReader input)
    {
        int copied = input.IsCopied ? 1 : 0;
        return new InputCost(
            ElementBytes + input.ElementBytes,
            Buffers + copied,
            BufferElementBytes + (copied * input.Spec.Type.Size),
            Tensors + 1)
        {
            Computing = Computing.Or(input.Computing),
        };
    }
}
