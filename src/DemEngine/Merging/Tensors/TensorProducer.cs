using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>How any part of a tensor is made once its combination is known.</summary>
internal abstract class TensorProducer
{
    /// <summary>The combination as a formula, or null where it is not one before the elements are seen.</summary>
    public abstract string? Description { get; }

    /// <summary>Makes a part.</summary>
    /// <param name="first">Index of its first element.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="workspace">The calling thread's.</param>
    public abstract NonFinite Produce(long first, TypedBytes output, ITileContext workspace);

    /// <summary>What has to be worked out before the coefficients play a part: productions of the same sources with an equal one can share it.</summary>
    protected virtual object Preparation => this;

    /// <summary>Makes the same part of several tensors, of productions from the same sources.</summary>
    /// <param name="productions">How each is made.</param>
    /// <param name="first">Index of its first element.</param>
    /// <param name="outputs">Where each goes.</param>
    /// <param name="workspace">The calling thread's.</param>
    /// <returns>For each, how many infinities and NaNs there were.</returns>
    public static NonFinite[] ProduceEach(IReadOnlyList<TensorProducer> productions, long first, IReadOnlyList<TypedBytes> outputs, ITileContext workspace)
    {
        var nonFinite = new NonFinite[productions.Count];
        foreach (int[] alike in Enumerable.Range(0, productions.Count).GroupBy(k => productions[k].Preparation).Select(group => group.ToArray()))
        {
            NonFinite[] made = productions[alike[0]].ProduceWith([.. alike.Select(k => productions[k])], first, [.. alike.Select(k => outputs[k])], workspace);
            foreach (var (k, of) in alike.Zip(made))
                nonFinite[k] = of;
        }

        return nonFinite;
    }

    /// <summary>Makes the same part of several tensors, of productions with a preparation like this one's.</summary>
    protected virtual NonFinite[] ProduceWith(TensorProducer[] alike, long first, TypedBytes[] outputs, ITileContext workspace) =>
        [.. alike.Zip(outputs, (production, output) => production.Produce(first, output, workspace))];
}
