using System.Collections.Immutable;
using DemEngine.Analysis.Folders;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Analysis;

/// <summary>
/// Checks a folder that this tool wrote against the hashes in its manifest, and files of PyTorch against their own checksums.
/// </summary>
public static class Verification
{
    /// <summary>Hashes every tensor and every file beside the weights, and compares the hashes with the manifest.</summary>
    /// <param name="folder">
    /// Path of a folder with a <c>dem-manifest.json</c>, or of a model in files of PyTorch, which have no manifest.
    /// </param>
    /// <param name="options">Run options: threads, memory and I/O.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2013, DEM2022 (UnreadableFile): the checkpoint cannot be opened. DEM2021 (BadManifest): the manifest is
    /// missing or cannot be read. DEM2041 (BadTorchFile), DEM2086 (NoChecksums): an archive's directory is damaged, or states no
    /// checksum. DEM4003 (ReadFailed), DEM4005 (InputChanged): a file could not be read, or changed during the
    /// run. Damage is reported, not thrown.
    /// </exception>
    public static VerifyReport Run(
        string folder, RunOptions options, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder, options.Io);
        if (ArchiveVerification.IsFor(checkpoint))
            return ArchiveVerification.Run(checkpoint, options, progress, cancel);
        StatedTensors stated = StatedTensors.Read(checkpoint);
        HashedTensor[] tensors = [.. checkpoint.Tensors.Select(tensor => new HashedTensor(new StoredTensorReader(tensor)))];
        using var backend = new NullBackend();
        TensorPass.Run("verifying", tensors, options.Reading([checkpoint]), backend, progress, cancel);
        checkpoint.CheckUnchanged();

        return new VerifyReport(
            folder,
            tensors.Length,
            checkpoint.ByteLength,
            NamesWhere(place => stated.Has(place) && !stated.IsAsSaid(place, tensors[place].Hash)),
            stated.Missing,
            NamesWhere(place => !stated.Has(place)))
        {
            Files = stated.Files is { } files ? FileVerification.Run(checkpoint.Folder, files) : null,
        };

        ImmutableArray<string> NamesWhere(Predicate<int> isMeant) =>
            [.. Enumerable.Range(0, tensors.Length).Where(place => isMeant(place)).Select(place => tensors[place].Name)];
    }
}
