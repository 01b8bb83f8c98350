using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>Makes any part of a tensor once the combination of its sources is known.</summary>
internal abstract class TensorProducer
{
    /// <summary>The combination as a formula; null where no formula is known before the elements are read.</summary>
    public abstract string? Description { get; }

    /// <summary>Makes a part of the tensor.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="output">Output, which is filled completely.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <returns>Counts of infinities and NaNs in the inputs and in the output.</returns>
    public abstract NonFinite Produce(long first, TypedBytes output, ITileContext workspace);

    /// <summary>
    /// Work that does not depend on the coefficients. Producers with the same sources and an equal value share this work.
    /// </summary>
    protected virtual object Preparation => this;

    /// <summary>Makes the same part of several tensors whose producers have the same sources.</summary>
    /// <param name="productions">Producers of the tensors.</param>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="outputs">Outputs, one for each tensor.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <returns>Counts of infinities and NaNs, for each tensor.</returns>
    public static NonFinite[] ProduceEach(
        IReadOnlyList<TensorProducer> productions, long first, IReadOnlyList<TypedBytes> outputs, ITileContext workspace)
    {
        var nonFinite = new NonFinite[productions.Count];
        foreach (int[] alike in Enumerable.Range(0, productions.Count)
            .GroupBy(k => productions[k].Preparation)
            .Select(group => group.ToArray()))
        {
            NonFinite[] made = productions[alike[0]].ProduceWith(
                [.. alike.Select(k => productions[k])], first, [.. alike.Select(k => outputs[k])], workspace);
            foreach (var (k, of) in alike.Zip(made))
                nonFinite[k] = of;
        }

        return nonFinite;
    }

    /// <summary>
    /// Makes the same part of several tensors whose producers have the same <see cref="Preparation"/> as this one.
    /// </summary>
    protected virtual NonFinite[] ProduceWith(TensorProducer[] alike, long first, TypedBytes[] outputs, ITileContext workspace) =>
        [.. alike.Zip(outputs, (production, output) => production.Produce(first, output, workspace))];
}
