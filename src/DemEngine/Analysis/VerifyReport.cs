using System.Collections.Immutable;
using DemEngine.Errors;

namespace DemEngine.Analysis;

/// <summary>Result of comparing the tensors of a folder with its manifest.</summary>
/// <param name="Path">Path of the folder.</param>
/// <param name="Tensors">Number of tensors that were hashed.</param>
/// <param name="Bytes">Size of these tensors in bytes.</param>
/// <param name="Differing">Names of the tensors whose type, shape or hash differs, in the order of the shards.</param>
/// <param name="Missing">Names of the tensors that only the manifest has, in its order.</param>
/// <param name="Extra">Names of the tensors that only the folder has, in the order of the shards.</param>
public sealed record VerifyReport(
    string Path,
    int Tensors,
    long Bytes,
    ImmutableArray<string> Differing,
    ImmutableArray<string> Missing,
    ImmutableArray<string> Extra)
{
    /// <summary>Whether the folder holds exactly what the manifest says.</summary>
    public bool IsIntact => Differing.IsEmpty && Missing.IsEmpty && Extra.IsEmpty;

    /// <summary>Throws if the folder differs from its manifest.</summary>
    /// <exception cref="DemException">
    /// DEM4006 (VerifyFailed): a tensor differs, is missing, or is not in the manifest.
    /// </exception>
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
        throw new DemException(ErrorCode.VerifyFailed, $"{Path}: of the tensors {string.Join("; ", parts)}") { Path = Path };
    }
}
