using System.Collections.Immutable;
using DemEngine.Analysis.Folders;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;

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
        using Checkpoint? checkpoint = Open(folder, options.Io, out VerifyReport? damage);
        return checkpoint is null
            ? damage!
            : ArchiveVerification.IsFor(checkpoint)
            ? ArchiveVerification.Run(checkpoint, options, progress, cancel)
            : Compare(checkpoint, folder, new TensorRange(0, checkpoint.Tensors.Length), options, progress, cancel);
    }

    /// <summary>
    /// Hashes the tensors of one of several parts that have about as many bytes each, and every file beside the weights. A folder
    /// is intact if all of its parts are, which several machines can find out together.
    /// </summary>
    /// <param name="folder">Path of a folder with a <c>dem-manifest.json</c>.</param>
    /// <param name="part">Number of the part, from 0.</param>
    /// <param name="parts">Number of parts.</param>
    /// <param name="options">Run options: threads, memory and I/O.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the folder has files of PyTorch. Those of <see cref="Run"/>.
    /// </exception>
    public static VerifyReport RunPart(
        string folder,
        int part,
        int parts,
        RunOptions options,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(part, parts);
        using Checkpoint? checkpoint = Open(folder, options.Io, out VerifyReport? damage);
        if (checkpoint is null)
            return damage!;
        if (ArchiveVerification.IsFor(checkpoint))
            throw new DemException(
                ErrorCode.BadArgument,
                $"{folder}: files of PyTorch are not verified in parts",
                remedy: "Verify the folder as a whole, without --parts.");
        TensorRange range = PlanCut.Of([.. checkpoint.Tensors.Select(tensor => tensor.Spec.ByteLength)], parts)[part];
        return Compare(checkpoint, folder, range, options, progress, cancel);
    }

    /// <summary>
    /// Opens a checkpoint. Where that fails because files that its manifest lists are missing or damaged, that is what the
    /// verification finds; no tensor is read then.
    /// </summary>
    private static Checkpoint? Open(string folder, IoMode io, out VerifyReport? damage)
    {
        damage = null;
        try
        {
            return Checkpoint.Open(folder, io);
        }
        catch (DemException e) when (e.Code == ErrorCode.Adapter)
        {
            throw new DemException(
                ErrorCode.BadManifest,
                $"{folder}: this is an adapter, and adapters have no {Manifest.FileName}",
                e,
                "There is nothing to compare it with: only folders of models can be verified.")
            {
                Path = folder,
            };
        }
        catch (DemException) when (Directory.Exists(folder) && File.Exists(Path.Combine(folder, Manifest.FileName)))
        {
            if (Manifest.Read(folder, _ => { }).Files is not { } stated
                || FileVerification.Run(folder, stated) is not { AreIntact: false } files)
                throw;
            damage = new VerifyReport(folder, 0, 0, [], [], []) { Files = files };
            return null;
        }
    }

    private static VerifyReport Compare(
        Checkpoint checkpoint,
        string folder,
        TensorRange range,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        StatedTensors stated = StatedTensors.Read(checkpoint);
        StoredTensor[] part = checkpoint.Tensors.AsSpan().Slice(range.First, range.Count).ToArray();
        HashedTensor[] tensors = [.. part.Select(tensor => new HashedTensor(new StoredTensorReader(tensor)))];
        using var backend = new NullBackend();
        TensorPass.Run("verifying", tensors, options.Reading([checkpoint]), backend, progress, cancel);
        checkpoint.CheckUnchanged();

        return new VerifyReport(
            folder,
            tensors.Length,
            part.Sum(tensor => tensor.Spec.ByteLength),
            NamesWhere(place => stated.Has(place) && !stated.IsAsSaid(place, tensors[place - range.First].Hash)),
            stated.Missing,
            NamesWhere(place => !stated.Has(place)))
        {
            Files = stated.Files is { } files ? FileVerification.Run(checkpoint.Folder, files) : null,
        };

        ImmutableArray<string> NamesWhere(Predicate<int> isMeant) =>
        [
            .. Enumerable.Range(range.First, range.Count)
                .Where(place => isMeant(place))
                .Select(place => checkpoint.Tensors[place].Spec.Name),
        ];
    }
}
