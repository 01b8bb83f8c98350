using DemEngine.Methods.Definition;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Rule that thins out the differences of a source to a given density.</summary>
internal abstract class Sparsifier
{
    /// <summary>Parameters that the rule takes besides the density.</summary>
    public virtual IReadOnlyList<MethodParameter> Parameters => [];

    /// <summary>Whether the kept differences are drawn at random, so that the expectation can be restored.</summary>
    public virtual bool IsRandom => false;

    /// <summary>Defines the thresholds that are needed, and the mask that follows from them.</summary>
    /// <param name="question">Context of the tensor.</param>
    /// <param name="source">Index of the source.</param>
    /// <param name="density">Share of the differences to be kept, between 0 and 1 exclusive.</param>
    /// <param name="isUnbiased">Whether the kept differences are to be divided by the probability of keeping them.</param>
    public abstract Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased);
}
