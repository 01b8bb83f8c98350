using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Models;

/// <summary>A model that a recipe names: a checkpoint, or the result of an earlier recipe.</summary>
internal sealed class SourceModel
{
    private readonly Func<IReadOnlyDictionary<string, byte[]>> _readSideFiles;
    private IReadOnlyDictionary<string, byte[]>? _sideFiles;

    /// <summary>A checkpoint.</summary>
    public SourceModel(Checkpoint checkpoint, InputModel tensors, string fingerprint)
    {
        Tensors = tensors;
        Folder = checkpoint.Folder;
        Checkpoint = checkpoint;
        Fingerprint = fingerprint;
        _readSideFiles = checkpoint.ReadSideFiles;
    }

    /// <summary>A result.</summary>
    public SourceModel(InputModel tensors, string folder, IReadOnlyDictionary<string, byte[]> sideFiles)
    {
        Tensors = tensors;
        Folder = folder;
        _readSideFiles = () => sideFiles;
    }

    /// <summary>What it holds.</summary>
    public InputModel Tensors { get; }

    /// <summary>Of the checkpoint, or of that which the result has its configuration from.</summary>
    public string Folder { get; }

    /// <summary>Null for a result.</summary>
    public Checkpoint? Checkpoint { get; }

    /// <summary>Null for a result.</summary>
    public string? Fingerprint { get; }

    /// <summary>Whether it is a distribution vector.</summary>
    public bool IsVector => Checkpoint is not null && DistributionVector.IsVector(Checkpoint);

    /// <summary>Its small files by name, read when first asked for.</summary>
    /// <exception cref="DemException">DEM2023.</exception>
    public IReadOnlyDictionary<string, byte[]> Files => _sideFiles ??= _readSideFiles();
}
