using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>What a tensor that is decoded from a quantised form is made from.</summary>
/// <param name="Form">Name of the form.</param>
/// <param name="Codes">The stored tensor that holds the codes.</param>
/// <param name="ModelType">Element type that the tensor would be stored in without quantisation.</param>
/// <param name="StoredBytes">Bytes of all stored tensors that it is made from.</param>
internal sealed record DecodedOrigin(string Form, StoredTensor Codes, ElementType ModelType, long StoredBytes);

/// <summary>Reader of tensors that are decoded from a quantised form.</summary>
internal interface IDecodingReader
{
    /// <summary>Returns what the tensor at an offset is decoded from.</summary>
    DecodedOrigin OriginAt(long offset);
}
