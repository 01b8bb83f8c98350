using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;

namespace DemEngine.ScaleOut;

/// <summary>
/// Finds the files that a part reads tensors from, so that a machine can bring these near and leave the others.
/// </summary>
internal static class PartInputs
{
    /// <summary>The files, in the order of their paths.</summary>
    /// <param name="plan">The whole plan.</param>
    /// <param name="part">Tensors of the part.</param>
    public static ImmutableArray<PartInput> Of(OutputPlan plan, TensorRange part)
    {
        int[] positions = [.. Enumerable.Range(part.First, part.Count)];
        var files = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var seen = new HashSet<(string File, long Offset)>();

        // What is measured over several tensors is measured over tensors of other parts as well.
        IEnumerable<OutputTensor> read =
            positions.Select(position => plan.Tensors[position]).Concat(plan.PooledFor(positions));
        foreach (StoredTensor tensor in read.SelectMany(tensor => tensor.Inputs).SelectMany(input => input.InFiles))
        {
            if (seen.Add((tensor.File, tensor.Offset)))
                files[tensor.File] = files.GetValueOrDefault(tensor.File) + tensor.Spec.ByteLength;
        }

        return [.. files.Select(file => new PartInput(file.Key, file.Value))];
    }
}
