using System.Runtime.CompilerServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Reads a tensor tile by tile, either from a file or by computing it from other tensors on the fly. Readers of the same stored
/// tensor are equal: they are made when they are needed, and what one has read serves the others.
/// </summary>
internal abstract class TensorReader(TensorSpec spec)
{
    public static bool operator ==(TensorReader? left, TensorReader? right) => Equals(left, right);

    public static bool operator !=(TensorReader? left, TensorReader? right) => !Equals(left, right);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    public TensorSpec Spec { get; } = spec;

    /// <summary>
    /// Element type that the model has the tensor in, and the output where the recipe states none. Elements that are computed
    /// may be read in a wider one.
    /// </summary>
    public virtual ElementType ModelType => Spec.Type;

    /// <summary>Tensors that this one is made from; empty for a stored tensor.</summary>
    public virtual IReadOnlyList<TensorReader> MadeFrom => [];

    /// <summary>Tensors of files that are read for it.</summary>
    public virtual IEnumerable<StoredTensor> InFiles => MadeFrom.SelectMany(reader => reader.InFiles);

    /// <summary>Bytes read from a file for each element, without those of <see cref="MadeFrom"/>.</summary>
    public virtual int ElementBytes => 0;

    /// <summary>Whether <see cref="Read"/> needs memory for the elements that it returns.</summary>
    public abstract bool IsCopied { get; }

    /// <summary>Memory that it takes to compute a part, beside the room for it.</summary>
    public virtual ComputingMemory Computing => default;

    /// <summary>
    /// Whether elements are computed while they are read, from memory, so that small parts cost no more than large ones.
    /// </summary>
    public virtual bool IsComputedInPlace => false;

    /// <summary>
    /// The whole tensor, where it lies in memory and has at most <see cref="int.MaxValue"/> bytes; otherwise null.
    /// </summary>
    public virtual NativeBytes? InMemory => null;

    /// <summary>Reads a part. Called by <see cref="ITileContext.Read"/>, which remembers the part until the next tile.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="room">
    /// Memory for <paramref name="count"/> elements where <see cref="IsCopied"/> is set, otherwise unused.
    /// </param>
    /// <param name="context">Tile context of the calling thread.</param>
    public abstract TypedBytes Read(long first, int count, NativeBytes room, ITileContext context);

    /// <summary>The low-rank update that the tensor is computed with; null where there is none.</summary>
    public virtual LowRankReader? LowRankUpdate => null;

    /// <summary>
    /// Finds this tensor's difference from another one that it was made from, so that a merge of differences need not compute
    /// the tensor first and subtract the other one then.
    /// </summary>
    /// <param name="origin">The other tensor.</param>
    /// <returns>
    /// The difference; <paramref name="origin"/> itself where there is none, since both are the same; null where it is not known.
    /// </returns>
    public virtual TensorReader? DifferenceFrom(TensorReader origin) => null;

    /// <summary>Announces that a part will be read soon.</summary>
    public abstract void WillNeed(long first, long count);

    /// <summary>Returns the tensor with replacements for itself or for the tensors that it is made from.</summary>
    /// <param name="replace">Function that maps a tensor to its replacement, or to itself where there is none.</param>
    public virtual TensorReader Rebind(Func<TensorReader, TensorReader> replace) => replace(this);
}

/// <summary>A tensor with a low-rank change: x = float32(w + m), or x = float32(m).</summary>
/// <param name="Model">Reader of w; null where the change stands alone.</param>
/// <param name="Matrix">The change m.</param>
internal sealed record LowRankReader(TensorReader? Model, ILowRankMatrix Matrix);
