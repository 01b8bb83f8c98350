using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Names;

namespace DemEngine.Merging.Models;

/// <summary>A model that a recipe names: a checkpoint, or the result of an upstream recipe.</summary>
internal sealed class SourceModel
{
    private readonly Func<FolderFiles> _readSideFiles;
    private readonly Lazy<ImmutableArray<ImmutableArray<string>>> _ties;
    private FolderFiles? _sideFiles;

    /// <summary>Makes the model of a checkpoint.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="plansOnly">Whether no whole tensor is to be read.</param>
    public SourceModel(Checkpoint checkpoint, InputModel tensors, string fingerprint, bool plansOnly)
    {
        Tensors = tensors;
        Folder = checkpoint.Folder;
        Checkpoint = checkpoint;
        Fingerprint = fingerprint;
        _readSideFiles = checkpoint.ReadSideFiles;
        _ties = new(() => TiedWeights.Find(checkpoint, samplesOnly: plansOnly));
    }

    /// <summary>Makes the model of an upstream recipe's result.</summary>
    /// <param name="tensors">Tensors of the result.</param>
    /// <param name="folder">Path of the folder that the configuration was taken from.</param>
    /// <param name="sideFiles">The small files.</param>
    /// <param name="ties">Groups of tensors that are made alike; see <see cref="Ties"/>.</param>
    public SourceModel(
        InputModel tensors,
        string folder,
        FolderFiles sideFiles,
        ImmutableArray<ImmutableArray<string>> ties)
    {
        _ties = new(ties);
        Tensors = tensors;
        Folder = folder;
        _readSideFiles = () => sideFiles;
    }

    /// <summary>Tensors of the model.</summary>
    public InputModel Tensors { get; }

    /// <summary>Folder of the checkpoint, or of the checkpoint that a result takes its configuration from.</summary>
    public string Folder { get; }

    /// <summary>The open checkpoint; null for an upstream recipe's result.</summary>
    public Checkpoint? Checkpoint { get; }

    /// <summary>Fingerprint of the checkpoint; null for an upstream recipe's result.</summary>
    public string? Fingerprint { get; }

    /// <summary>Groups of tensors of the vocabulary that have the same contents; see <see cref="TiedWeights"/>.</summary>
    public ImmutableArray<ImmutableArray<string>> Ties => _ties.Value;

    /// <summary>Whether the model is a distribution vector.</summary>
    public bool IsVector => Checkpoint is not null && DistributionVector.IsVector(Checkpoint);

    /// <summary>Small files beside the weights, by name. They are read on first use.</summary>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read.</exception>
    public IReadOnlyDictionary<string, byte[]> Files => FilesAndRemarks.Files;

    /// <summary>Notes on what was not taken from the model's folder, for outputs that have its files.</summary>
    /// <exception cref="DemException">DEM2023 (BadSideFile): a file cannot be read.</exception>
    public ImmutableArray<string> FileRemarks => FilesAndRemarks.Remarks;

    private FolderFiles FilesAndRemarks => _sideFiles ??= _readSideFiles();
}
