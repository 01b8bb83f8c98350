using System.Collections.Immutable;

namespace DemEngine.Checkpoints;

/// <summary>
/// A distribution vector ΔΘ = Θᵢ − Θ stored as a checkpoint: the differences of the floating-point tensors, each under its name, with
/// metadata that says from which base.
/// </summary>
internal static class DistributionVector
{
    private const string KindKey = "dem.kind";
    private const string Kind = "distribution-vector";
    private const string BaseKey = "dem.base_fingerprint";

    /// <summary>The metadata of a vector.</summary>
    /// <param name="baseFingerprint">Of the base that was subtracted; see <see cref="Fingerprint"/>.</param>
    public static ImmutableDictionary<string, string> Metadata(string baseFingerprint) =>
        ImmutableDictionary.CreateRange([KeyValuePair.Create(KindKey, Kind), KeyValuePair.Create(BaseKey, baseFingerprint)]);

    /// <summary>Whether a checkpoint says that it is a distribution vector.</summary>
    public static bool IsVector(Checkpoint checkpoint) => checkpoint.Metadata.GetValueOrDefault(KindKey) == Kind;

    /// <summary>Refuses a checkpoint that is no distribution vector, or one of another base.</summary>
    /// <exception cref="DemException">DEM2019, DEM2020.</exception>
    public static void Check(Checkpoint vector, string baseFingerprint)
    {
        if (!IsVector(vector))
            throw new DemException(ErrorCode.NotAVector, $"{vector.Path}: the headers have no {KindKey}");
        if (vector.Metadata.GetValueOrDefault(BaseKey) is var stated && stated != baseFingerprint)
            throw new DemException(ErrorCode.WrongBase, $"{vector.Path}: made from the base {stated}, the base given is {baseFingerprint}");
    }
}
