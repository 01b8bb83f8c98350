namespace DemEngine.Stores;

/// <summary>A file of a store, as it was when its folder was listed.</summary>
/// <param name="Path">Path of the file in the listed folder, with slashes.</param>
/// <param name="Address">Address of the file.</param>
/// <param name="Length">Length of the file in bytes.</param>
/// <param name="Version">
/// What tells these contents from later ones, such as an ETag. It is empty where the store has none, and a change then shows in
/// the length alone.
/// </param>
public sealed record StoreFile(string Path, string Address, long Length, string Version)
{
    /// <summary>SHA-256 of the contents in hexadecimal digits, where the store states it; else null.</summary>
    public string? Sha256 { get; init; }
}

/// <summary>The files of a folder of a store.</summary>
/// <param name="Address">Address of the folder, as exact as the store gives it: with a commit in place of a branch.</param>
/// <param name="Files">The files, those of inner folders too.</param>
public sealed record StoreFolder(string Address, IReadOnlyList<StoreFile> Files)
{
    /// <summary>
    /// The refusal of a file that the folder may have: a store that does not say what there is refuses what is not there, too.
    /// It is the error where the file turns out to be needed; null where nothing was refused.
    /// </summary>
    public DemException? Refusal { get; init; }
}
