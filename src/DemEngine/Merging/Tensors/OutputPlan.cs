using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// Everything that a run will read and write, decided before any byte is written.
/// </summary>
public sealed class OutputPlan
{
    internal OutputPlan(
        string operation, string? recipe, ImmutableArray<ManifestInput> inputs, ImmutableArray<Checkpoint> checkpoints,
        IEnumerable<OutputTensor> tensors, ShardLayout layout, IReadOnlyDictionary<string, byte[]> sideFiles)
    {
        Operation = operation;
        Recipe = recipe;
        Inputs = inputs;
        Checkpoints = checkpoints;
        Layout = layout;
        SideFiles = sideFiles;
        Dictionary<string, OutputTensor> byName = tensors.ToDictionary(tensor => tensor.Spec.Name, StringComparer.Ordinal);
        Tensors = [.. layout.Tensors.Select(place => byName[place.Spec.Name])];
    }

    /// <summary>Such as <c>merge</c> or <c>extract</c>.</summary>
    public string Operation { get; }

    /// <summary>The recipe's text, where there is one.</summary>
    public string? Recipe { get; }

    /// <summary>The inputs and their fingerprints.</summary>
    public ImmutableArray<ManifestInput> Inputs { get; }

    /// <summary>The output's files.</summary>
    public ShardLayout Layout { get; }

    /// <summary>Small files that go with the weights, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> SideFiles { get; }

    /// <summary>What the user should hear of.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    /// <summary>Every tensor with what is done to it and from how many inputs, in the order of the shards.</summary>
    public IEnumerable<PlannedTensor> PlannedTensors =>
        Tensors.Zip(Layout.Tensors, (tensor, place) =>
            new PlannedTensor(tensor.Spec, Layout.Shards[place.Shard].FileName, place.Offset, tensor.Inputs.Count, tensor.Operation, [.. tensor.Sources]));

    /// <summary>
    /// Which models stand behind the formulas' letters, where that is the same for all tensors, and each is made from those of its own name;
    /// else empty.
    /// </summary>
    public ImmutableArray<(string Symbol, string Model)> CommonSources
    {
        get
        {
            var sources = Tensors.SelectMany(tensor => tensor.Sources.Select(source => (source.Symbol, source.Model, IsOwnName: source.Tensor == tensor.Spec.Name))).Distinct().ToArray();
            return sources.All(source => source.IsOwnName) && sources.DistinctBy(source => source.Symbol).Count() == sources.Length
                ? [.. sources.Select(source => (source.Symbol, source.Model))]
                : [];
        }
    }

    /// <summary>Bytes to be read, measurements included.</summary>
    public long BytesToRead => Tensors.Sum(tensor => tensor.BytesRead) + CrossTensorPart.BytesRead(Tensors);

    /// <summary>Bytes to be written.</summary>
    public long BytesToWrite => Layout.Shards.Sum(shard => shard.Length) + SideFiles.Values.Sum(file => (long)file.Length);

    /// <summary>Bytes of all buffers together, with these options.</summary>
    /// <exception cref="DemException">DEM1001: the memory bound is too small.</exception>
    public long BufferBytes(RunOptions options)
    {
        TileSize tile = TileSize.Choose(options, MaxBuffers);
        long ofTiles = tile.Threads * (tile.Bytes + InputBytes(tile));
        long held = Tensors.Sum(tensor => tensor.ReadAgain.Where(input => input.IsCopied).Sum(input => input.Spec.ByteLength));
        return ofTiles + Math.Clamp(held, 0, Math.Max(0, tile.MaxBytes - ofTiles));
    }

    /// <summary>The tensors, in the order of the layout.</summary>
    internal ImmutableArray<OutputTensor> Tensors { get; }

    /// <summary>The open inputs.</summary>
    internal ImmutableArray<Checkpoint> Checkpoints { get; }

    /// <summary>The most buffers for inputs that a tile of any tensor takes.</summary>
    internal int MaxBuffers => Tensors.Select(tensor => InputCost.Of(tensor.Inputs).Buffers + tensor.RankBuffers).DefaultIfEmpty().Max();

    /// <summary>
    /// Tells this plan from any other: over operation, recipe, inputs and the exact headers of the output. A fingerprint only samples an
    /// input, so that a run is resumed only with files that were not written to since.
    /// </summary>
    internal string Hash
    {
        get
        {
            var hash = new XxHash128();
            hash.Append(Encoding.UTF8.GetBytes(string.Join('\n', [Manifest.ThisEngine, Operation, Recipe, .. Inputs.Select(input => input.Fingerprint)])));
            foreach (FileStamp stamp in Checkpoints.SelectMany(checkpoint => checkpoint.Stamps))
                hash.Append(Encoding.UTF8.GetBytes($"{stamp.Length} {stamp.LastWrite.Ticks}\n"));
            foreach (PlannedShard shard in Layout.Shards)
                hash.Append(shard.Header.Span);
            foreach (OutputTensor tensor in Tensors)
                hash.Append(Encoding.UTF8.GetBytes(tensor.Operation));
            return Convert.ToHexStringLower(hash.GetCurrentHash());
        }
    }

    /// <summary>Room for the inputs of a tile, where they are copied.</summary>
    internal long InputBytes(TileSize tile) =>
        Tensors.Select(tensor => ((tile.Bytes / tensor.Spec.Type.Size) + tensor.ReadMargin)
            * (InputCost.Of(tensor.Inputs).BufferElementBytes + (tensor.RankBuffers * (long)sizeof(uint)))).DefaultIfEmpty().Max();

    /// <summary>The tensors that are measured together before some are made: none where none of these needs it.</summary>
    internal IEnumerable<OutputTensor> PooledFor(IEnumerable<OutputTensor> toBeMade) =>
        toBeMade.Any(tensor => tensor.CrossTensorParts.Count > 0) ? Tensors : [];
}

/// <summary>One line of a plan.</summary>
/// <param name="Spec">The tensor.</param>
/// <param name="File">The shard that will hold it.</param>
/// <param name="Offset">Of its first byte in that file.</param>
/// <param name="Inputs">Number of tensors that are read for it.</param>
/// <param name="Operation">What is done, as a formula where it is known beforehand.</param>
/// <param name="Sources">What stands behind the formula's letters, or what the method is given.</param>
public sealed record PlannedTensor(
    TensorSpec Spec, string File, long Offset, int Inputs, string Operation, ImmutableArray<PlannedSource> Sources);
