using System.Collections.Immutable;
using DemEngine.Errors;

namespace DemEngine.Analysis;

/// <summary>How the tensors of a folder compare with its manifest.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Tensors">Number of tensors that were hashed.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="Differing">Tensors of another type, shape or hash of their bytes, in the order of the shards.</param>
/// <param name="Missing">Tensors that only the manifest has, in its order.</param>
/// <param name="Extra">Tensors that only the folder has, in the order of the shards.</param>
public sealed record VerifyReport(
    string Path, int Tensors, long Bytes, ImmutableArray<string> Differing, ImmutableArray<string> Missing, ImmutableArray<string> Extra)
{
    /// <summary>Whether the folder holds exactly what the manifest says.</summary>
    public bool IsIntact => Differing.IsEmpty && Missing.IsEmpty && Extra.IsEmpty;

    /// <summary>Turns damage into an error.</summary>
    /// <exception cref="DemException">DEM4006.</exception>
    public void ThrowUnlessIntact()
    {
        if (IsIntact)
            return;

        var parts = new List<string>();
        if (!Differing.IsEmpty)
            parts.Add($"{Differing.Length} differ: {Quoted.List(Differing)}");
        if (!Missing.IsEmpty)
            parts.Add($"{Missing.Length} are missing: {Quoted.List(Missing)}");
        if (!Extra.IsEmpty)
            parts.Add($"{Extra.Length} are not in the manifest: {Quoted.List(Extra)}");
        throw new DemException(ErrorCode.VerifyFailed, $"{Path}: of the tensors {string.Join("; ", parts)}");
    }
}
