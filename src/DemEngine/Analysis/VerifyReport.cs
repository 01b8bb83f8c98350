using System.Collections.Immutable;
using DemEngine.Analysis.Folders;
using DemEngine.Errors;

namespace DemEngine.Analysis;

/// <summary>Result of comparing the tensors and files of a folder with its manifest.</summary>
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
    /// <summary>
    /// The files of the folder; null if the manifest is of a version that listed tensors only, so that nothing is known of them.
    /// </summary>
    public VerifiedFiles? Files { get; init; }

    /// <summary>
    /// Where archives of PyTorch were compared with their own checksums, so that files in them are counted in place of tensors:
    /// the number of those that state none. Null where a manifest was compared with.
    /// </summary>
    public int? WithoutChecksum { get; init; }

    /// <summary>Whether the folder holds exactly what the manifest says.</summary>
    public bool IsIntact => Differing.IsEmpty && Missing.IsEmpty && Extra.IsEmpty && Files is not { AreIntact: false };

    /// <summary>Throws if the folder differs from its manifest.</summary>
    /// <exception cref="DemException">
    /// DEM4006 (VerifyFailed): a tensor or a file differs, is missing, or is not in the manifest.
    /// </exception>
    public void ThrowUnlessIntact()
    {
        if (IsIntact)
            return;

        string?[] parts =
        [
            Describe(WithoutChecksum is null ? "tensors" : "files in the archive", Differing, Missing, Extra),
            Files is null ? null : Describe("files", Files.Differing, Files.Missing, Files.Extra),
        ];
        throw new DemException(ErrorCode.VerifyFailed, $"{Path}: {string.Join("; ", parts.OfType<string>())}") { Path = Path };
    }

    private static string? Describe(
        string what, ImmutableArray<string> differing, ImmutableArray<string> missing, ImmutableArray<string> extra)
    {
        var parts = new List<string>();
        if (!differing.IsEmpty)
            parts.Add($"{differing.Length} {(differing.Length == 1 ? "differs" : "differ")}: {Quoted.List(differing)}");
        if (!missing.IsEmpty)
            parts.Add($"{missing.Length} {Are(missing)} missing: {Quoted.List(missing)}");
        if (!extra.IsEmpty)
            parts.Add($"{extra.Length} {Are(extra)} not in the manifest: {Quoted.List(extra)}");
        return parts.Count == 0 ? null : $"of the {what} {string.Join(", ", parts)}";

        static string Are(ImmutableArray<string> names) => names.Length == 1 ? "is" : "are";
    }
}
