using System.Collections.Immutable;

namespace DemEngine.Analysis;

/// <summary>How two checkpoints differ. Shards, order of the tensors, metadata and side files do not count.</summary>
/// <param name="A">Path of the first.</param>
/// <param name="B">Path of the second.</param>
/// <param name="OnlyInA">Tensors that only the first has, in the order of the names.</param>
/// <param name="OnlyInB">Tensors that only the second has, in the order of the names.</param>
/// <param name="Common">The tensors that both have, in the order of the names.</param>
/// <param name="BytesRead">Bytes of tensors read.</param>
public sealed record CheckpointDiff(
    string A, string B, ImmutableArray<string> OnlyInA, ImmutableArray<string> OnlyInB, ImmutableArray<TensorDiff> Common, long BytesRead)
{
    /// <summary>Whether both have the same tensors, with the same types, shapes and bits.</summary>
    public bool IsIdentical => OnlyInA.IsEmpty && OnlyInB.IsEmpty && Common.All(tensor => tensor.IsIdentical);

    /// <summary>The common tensors that are not identical.</summary>
    public IEnumerable<TensorDiff> Different => Common.Where(tensor => !tensor.IsIdentical);
}
