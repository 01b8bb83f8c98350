using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// A tensor whose elements are computed from codes, scales and what else a quantised form stores, part by part whenever a part
/// is read. Instances are used by several threads at once.
/// </summary>
/// <param name="name">Name that the tensor has where it is not quantised.</param>
/// <param name="shape">Shape that it has there.</param>
/// <param name="modelType">Element type that it would be stored in there, and is in an output that states none.</param>
internal abstract class DecodedTensor(string name, TensorShape shape, ElementType modelType)
{
    /// <summary>Name, type and shape of the decoded elements, which are binary32.</summary>
    public TensorSpec Spec { get; } = new(name, ElementType.F32, shape);

    /// <summary>Element type that the tensor would be stored in without quantisation.</summary>
    public ElementType ModelType => modelType;

    /// <summary>Name of the form, as <c>dem inspect</c> says it.</summary>
    public abstract string Form { get; }

    /// <summary>Stored tensors that the elements are computed from, the codes first.</summary>
    public abstract IReadOnlyList<StoredTensor> Parts { get; }

    /// <summary>Bytes of the stored tensors that belong to this one.</summary>
    public virtual long StoredBytes => Parts.Sum(part => part.Spec.ByteLength);

    /// <summary>
    /// Whether what is stored lies in the order of the elements, so that small parts cost no more than large ones.
    /// </summary>
    public virtual bool IsInOrder => true;

    /// <summary>What the tensor was before an adapter changed it; null where no adapter is involved.</summary>
    public virtual Adaptation? Adaptation => null;

    /// <summary>The low-rank update that the tensor is computed with; null where there is none.</summary>
    public virtual LowRankUpdate? LowRankUpdate => null;

    /// <summary>Memory that it takes to compute a part, where that is more than some kilobytes.</summary>
    public virtual ComputingMemory Memory => default;

    /// <summary>Computes a part of the flattened tensor.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="values">Receives the elements.</param>
    /// <exception cref="DemException">
    /// DEM2034 (BadScale), DEM2035 (BadGroupIndex): the stored parts contradict the form. DEM4003 (ReadFailed).
    /// </exception>
    public abstract void Decode(long first, Span<float> values);

    /// <summary>Announces that a part will be read soon.</summary>
    /// <param name="first">Index of the first element.</param>
    /// <param name="count">Number of elements.</param>
    public abstract void WillNeed(long first, long count);
}
