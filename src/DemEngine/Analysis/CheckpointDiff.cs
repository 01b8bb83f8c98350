using System.Collections.Immutable;

namespace DemEngine.Analysis;

/// <summary>Differences between two checkpoints. Shards, tensor order, metadata and side files are not compared.</summary>
/// <param name="A">Path of the first checkpoint.</param>
/// <param name="B">Path of the second checkpoint.</param>
/// <param name="OnlyInA">Names of the tensors that only the first checkpoint has, in ordinal order.</param>
/// <param name="OnlyInB">Names of the tensors that only the second checkpoint has, in ordinal order.</param>
/// <param name="Common">Tensors that both checkpoints have, in the order of their names.</param>
/// <param name="BytesRead">Number of tensor bytes read.</param>
public sealed record CheckpointDiff(
    string A,
    string B,
    ImmutableArray<string> OnlyInA,
    ImmutableArray<string> OnlyInB,
    ImmutableArray<TensorDiff> Common,
    long BytesRead)
{
    /// <summary>Whether both checkpoints have the same tensors, with the same types, shapes and bits.</summary>
    public bool IsIdentical => OnlyInA.IsEmpty && OnlyInB.IsEmpty && Common.All(tensor => tensor.IsIdentical);

    /// <summary>Common tensors that are not identical.</summary>
    public IEnumerable<TensorDiff> Different => Common.Where(tensor => !tensor.IsIdentical);
}
