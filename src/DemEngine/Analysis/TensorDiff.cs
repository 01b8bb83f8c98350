using System.Collections.Immutable;
using DemEngine.Checkpoints;

namespace DemEngine.Analysis;

/// <summary>Difference of a tensor between two checkpoints that both have it.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="A">Element type and shape of the tensor in the first checkpoint.</param>
/// <param name="B">Element type and shape of the tensor in the second checkpoint.</param>
/// <param name="IsCompared">
/// Whether the elements were compared: the shapes are equal, and the types are equal or both floating-point.
/// </param>
/// <param name="DifferingElements">
/// Number of elements that differ. Where the types are equal, their bits are compared, so that 0 and −0, or two NaNs, may differ.
/// Otherwise their exact values are compared, where 0 equals −0 and a NaN equals any NaN.
/// </param>
/// <param name="NonFinite">Number of differing elements without a finite difference, since one is an infinity or a NaN.</param>
/// <param name="Largest">
/// Largest finite absolute difference, in double; null if there is none, as in types that are compared as bits.
/// </param>
/// <param name="LargestAt">
/// Coordinates of the first element with the largest difference, one number for each dimension; empty if there is none.
/// </param>
public sealed record TensorDiff(
    string Name,
    TensorSpec A,
    TensorSpec B,
    bool IsCompared,
    long DifferingElements,
    long NonFinite,
    double? Largest,
    ImmutableArray<long> LargestAt)
{
    /// <summary>Whether type, shape and every element are the same.</summary>
    public bool IsIdentical => IsCompared && A.Type == B.Type && DifferingElements == 0;
}
