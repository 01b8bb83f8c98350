using System.Collections.Immutable;
using DemEngine.Checkpoints;

namespace DemEngine.Analysis;

/// <summary>How a tensor that two checkpoints have differs between them.</summary>
/// <param name="Name">Its name.</param>
/// <param name="A">What it is in the first.</param>
/// <param name="B">What it is in the second.</param>
/// <param name="IsCompared">
/// Whether the elements were compared: the shapes are equal, and the types are equal or both floating-point.
/// </param>
/// <param name="DifferingElements">
/// How many elements differ: in their bits where the types are equal, so that 0 and −0, or two NaNs, may differ; else in their exact
/// values, where 0 equals −0 and a NaN equals any NaN.
/// </param>
/// <param name="NonFinite">How many of those have no finite difference, since one is an infinity or a NaN.</param>
/// <param name="Largest">The largest finite absolute difference, in double; null if there is none.</param>
/// <param name="LargestAt">Index of the first element that differs so much, one number for each dimension; empty if there is none.</param>
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
