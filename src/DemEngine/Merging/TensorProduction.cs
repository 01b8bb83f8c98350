using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Deltas;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging;

/// <summary>How any part of a tensor is made once its combination is known.</summary>
internal abstract class TensorProduction
{
    /// <summary>The combination as a formula, or null where it is not one before the elements are seen.</summary>
    public abstract string? Description { get; }

    /// <summary>Chooses by the form of the combination.</summary>
    /// <param name="combination">How the tensor is combined.</param>
    /// <param name="sources">From what.</param>
    /// <param name="inputs">The same, for combinations of filtered differences.</param>
    /// <param name="shape">Of the output.</param>
    public static TensorProduction Of(Combination combination, TensorSources sources, DeltaInputs inputs, TensorShape shape) => combination switch
    {
        DeltaCombination deltas => new DeltaProduction(deltas, inputs),
        LinearCombination sum => new LinearProduction(sum, sources),
        RowwiseCombination rows => new RowwiseProduction(rows, sources, shape),
        _ => throw new ArgumentOutOfRangeException(nameof(combination), combination.GetType(), "not a known form"),
    };

    /// <summary>Makes a part.</summary>
    /// <param name="first">Index of its first element.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="workspace">The calling thread's.</param>
    public abstract NonFinite Produce(long first, TypedBytes output, TileWorkspace workspace);
}
