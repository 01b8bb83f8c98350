using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>What it takes to read tensors, those that they are made from included, each of them once.</summary>
/// <param name="ElementBytes">Bytes read from files for an element of each.</param>
/// <param name="Buffers">Buffers of the workspace that are filled.</param>
/// <param name="BufferElementBytes">Bytes that these take for an element of each.</param>
internal readonly record struct InputCost(long ElementBytes, int Buffers, long BufferElementBytes)
{
    /// <summary>The cost of reading the same elements of several tensors.</summary>
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
                cost.ElementBytes + input.ElementBytes, cost.Buffers + copied, cost.BufferElementBytes + (copied * input.Spec.Type.Size));
            foreach (TensorReader from in input.MadeFrom)
                left.Push(from);
        }

        return cost;
    }
}
