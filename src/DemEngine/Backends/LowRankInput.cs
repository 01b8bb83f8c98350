using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Backends;

/// <summary>
/// An input of a linear combination that is not computed beforehand where a low-rank matrix changes it: x = w, x = float32(w + m)
/// or x = float32(m).
/// </summary>
/// <param name="Stored">Type of the elements w; null where there are none.</param>
/// <param name="Change">The matrix m, whose elements follow each other row by row; null where there is none.</param>
internal readonly record struct LowRankInput(ElementType? Stored, ILowRankMatrix? Change);
