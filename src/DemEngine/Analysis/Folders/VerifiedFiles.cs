using System.Collections.Immutable;

namespace DemEngine.Analysis.Folders;

/// <summary>Result of comparing the files of a folder with those that its manifest lists. Paths have slashes.</summary>
/// <param name="Count">Number of files that the manifest lists: side files, the index, and the headers of shards.</param>
/// <param name="Differing">Files that are not as they were written.</param>
/// <param name="Missing">Files that are not there any more.</param>
/// <param name="Extra">
/// Files that the manifest does not list and that whoever loads the model could take for a part of it: weights, an index,
/// configurations, tokenizers and code.
/// </param>
/// <param name="Notes">
/// What is not as it was written and harms nothing: an edited model card, and other files that the manifest does not list.
/// Hidden files are passed over.
/// </param>
public sealed record VerifiedFiles(
    int Count,
    ImmutableArray<string> Differing,
    ImmutableArray<string> Missing,
    ImmutableArray<string> Extra,
    ImmutableArray<string> Notes)
{
    /// <summary>Whether the model's files are those that were written.</summary>
    public bool AreIntact => Differing.IsEmpty && Missing.IsEmpty && Extra.IsEmpty;
}
