using System.Collections.Immutable;

namespace DemEngine.Checkpoints;

/// <summary>
/// Distribution vector ΔΘ = Θᵢ − Θ stored as a checkpoint: the differences of the floating-point tensors, each under its own
/// name, with metadata that identifies the base.
/// </summary>
internal static class DistributionVector
{
    private const string KindKey = "dem.kind";
    private const string Kind = "distribution-vector";
    private const string BaseKey = "dem.base_fingerprint";

    /// <summary>Creates the metadata of a vector.</summary>
    /// <param name="baseFingerprint">Fingerprint of the base that was subtracted; see <see cref="Fingerprint"/>.</param>
    public static ImmutableDictionary<string, string> Metadata(string baseFingerprint) =>
        ImmutableDictionary.CreateRange([KeyValuePair.Create(KindKey, Kind), KeyValuePair.Create(BaseKey, baseFingerprint)]);

    /// <summary>Whether the metadata of a checkpoint say that it is a distribution vector.</summary>
    public static bool IsVector(Checkpoint checkpoint) => checkpoint.Metadata.GetValueOrDefault(KindKey) == Kind;

    /// <summary>Rejects a checkpoint that is not a distribution vector, or is one of another base.</summary>
    /// <param name="vector">The checkpoint.</param>
    /// <param name="baseFingerprint">Fingerprint of the base; null where it is not known, and not compared.</param>
    /// <exception cref="DemException">
    /// DEM2019 (WrongBase): the vector has another base. DEM2020 (NotAVector): the checkpoint has no vector metadata.
    /// </exception>
    public static void Check(Checkpoint vector, string? baseFingerprint)
    {
        if (!IsVector(vector))
            throw new DemException(ErrorCode.NotAVector, $"{vector.Path}: the headers have no {KindKey}");
        if (baseFingerprint is not null
            && vector.Metadata.GetValueOrDefault(BaseKey) is var stated && stated != baseFingerprint)
            throw new DemException(
                ErrorCode.WrongBase,
                $"{vector.Path}: made from the base {stated}, the base given is {baseFingerprint}");
    }
}
