using DemEngine.Numerics;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Checkpoints;

/// <summary>What a tensor that is decoded from a quantised form is made from.</summary>
/// <param name="Form">Name of the form.</param>
/// <param name="Parts">The tensors that it is made from, in files or themselves decoded; the one with the codes first.</param>
/// <param name="ModelType">Element type that the tensor would be stored in without quantisation.</param>
/// <param name="StoredBytes">Bytes of all stored tensors that it is made from.</param>
internal sealed record DecodedOrigin(string Form, IReadOnlyList<StoredTensor> Parts, ElementType ModelType, long StoredBytes)
{
    /// <summary>The stored tensor that holds the codes.</summary>
    public StoredTensor Codes => Parts[0];

    /// <summary>
    /// Whether all that it is made from lies in mapped memory and in its order, so that small parts cost no more than large ones.
    /// </summary>
    public bool IsMapped { get; init; }

    /// <summary>The model's tensor that an adapter changes, and its change; null where no adapter is involved.</summary>
    public Adaptation? Adaptation { get; init; }

    /// <summary>The low-rank update that the tensor is computed with; null where there is none.</summary>
    public LowRankUpdate? LowRankUpdate { get; init; }

    /// <summary>Memory that it takes to compute a part.</summary>
    public ComputingMemory Memory { get; init; }
}

/// <summary>What a tensor was before an adapter changed it.</summary>
/// <param name="Model">The tensor of the model.</param>
/// <param name="Change">
/// The change, which is added to it, as a tensor of its own; null where it is more than a sum.
/// </param>
internal sealed record Adaptation(StoredTensor Model, StoredTensor? Change);

/// <summary>What a tensor is computed from: x = float32(w + m), or x = float32(m).</summary>
/// <param name="Model">The tensor w, of a floating-point type; null where the change stands alone.</param>
/// <param name="Matrix">The change m, whose elements follow each other row by row.</param>
internal sealed record LowRankUpdate(StoredTensor? Model, ILowRankMatrix Matrix);

/// <summary>Reader of tensors that are decoded from a quantised form.</summary>
internal interface IDecodingReader
{
    /// <summary>Returns what the tensor at an offset is decoded from.</summary>
    DecodedOrigin OriginAt(long offset);
}
