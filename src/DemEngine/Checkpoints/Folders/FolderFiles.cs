using System.Collections.Immutable;

namespace DemEngine.Checkpoints.Folders;

/// <summary>The small files of a model, and what was not taken from its folder.</summary>
/// <param name="Files">Contents of the files, by their paths in the folder, with slashes.</param>
/// <param name="Remarks">Notes for the user, to be given where the files go into an output.</param>
internal sealed record FolderFiles(IReadOnlyDictionary<string, byte[]> Files, ImmutableArray<string> Remarks)
{
    /// <summary>Files of a model that is not in a folder.</summary>
    public static FolderFiles Of(IReadOnlyDictionary<string, byte[]> files) => new(files, []);
}
