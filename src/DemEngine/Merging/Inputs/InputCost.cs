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
    /// <summary>Computes the cost of reading the same elements of several tensors.</summary>
    public static InputCost Of(IEnumerable<TensorReader> inputs)
    {
        var seen = new HashSet<TensorReader>();
        var cost = default(InputCost);
        var left = new Stack<TensorReader>(inputs);
        while (left.TryPop(out TensorReader? input))
        {
            if (!seen.Add(input))
                continue;
            int copied = input.IsCopied ? 1 : 0;
            cost = new InputCost(
                cost.ElementBytes + input.ElementBytes,
                cost.Buffers + copied,
                cost.BufferElementBytes + (copied * input.Spec.Type.Size),
                cost.Tensors + 1);
            foreach (TensorReader from in input.MadeFrom)
                left.Push(from);
        }

        return cost;
    }
}
