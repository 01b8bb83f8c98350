using System.Collections.Immutable;
using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>
/// What a manifest says of the tensors of a checkpoint. The largest models have half a million tensors, of which the manifest
/// itself takes hundreds of megabytes as objects; here each has its hash.
/// </summary>
internal sealed class StatedTensors
{
    private readonly Stated[] _stated;
    private readonly UInt128[] _hashes;

    private StatedTensors(Checkpoint checkpoint)
    {
        _stated = new Stated[checkpoint.Tensors.Length];
        _hashes = new UInt128[_stated.Length];
        var missing = new List<string>();
        var elsewhere = new HashSet<string>(StringComparer.Ordinal);
        Files = Manifest.Read(checkpoint.Folder, Add).Files;
        Missing = [.. missing];

        void Add(ManifestTensor said)
        {
            int place = checkpoint.IndexOf(said.Name);
            if (place < 0 ? !elsewhere.Add(said.Name) : Has(place))
                throw new JsonException($"the tensor {Quoted.Name(said.Name)} is there twice");
            if (place < 0)
            {
                missing.Add(said.Name);
                return;
            }

            TensorSpec spec = checkpoint.Tensors[place].Spec;
            UInt128? hash = said.Dtype == spec.Type.SafetensorsName && said.Shape.SequenceEqual(spec.Shape.Dimensions)
                ? ContentHash.Parse(said.Hash)
                : null;
            _stated[place] = hash is null ? Stated.Otherwise : Stated.WithHash;
            _hashes[place] = hash ?? 0;
        }
    }

    private enum Stated : byte
    {
        Not,
        Otherwise,
        WithHash,
    }

    /// <summary>Names of the tensors that only the manifest has, in its order.</summary>
    public ImmutableArray<string> Missing { get; }

    /// <summary>Files that the manifest lists; null in manifests of versions that did not list them.</summary>
    public IReadOnlyList<ManifestFile>? Files { get; }

    /// <summary>Reads the manifest of a checkpoint's folder.</summary>
    /// <exception cref="DemException">DEM2021 (BadManifest): the manifest is missing or cannot be read.</exception>
    public static StatedTensors Read(Checkpoint checkpoint) => new(checkpoint);

    /// <summary>Whether the manifest has the tensor at a position of the checkpoint.</summary>
    public bool Has(int place) => _stated[place] != Stated.Not;

    /// <summary>Whether the tensor at a position of the checkpoint has the type, shape and hash that the manifest says.</summary>
    public bool IsAsSaid(int place, UInt128 hash) => _stated[place] == Stated.WithHash && _hashes[place] == hash;
}
