using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Keeps exactly the ⌊d·n⌋ largest differences; of equal ones, those with the lower index.</summary>
internal sealed class LargestMagnitudes : Sparsifier
{
    public override Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased) =>
        new([n => (long)(density * n)], cuts => new MagnitudeMask(cuts[0], Threshold.AboveAll));
}
