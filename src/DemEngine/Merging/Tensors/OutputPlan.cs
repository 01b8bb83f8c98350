using System.Collections.Immutable;
using System.IO.Hashing;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Files;
using DemEngine.Merging.Cards;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// The plan of a run: everything that it will read and write, decided before any byte is written.
/// </summary>
public sealed class OutputPlan
{
    // Measured with names of fifty characters in runs of one to three inputs, which share the texts of their names.
    private const long InputTensorBytes = 160;
    private const long OutputTensorBytes = 600;

    private readonly PlannedOutputs _outputs;
    private readonly Lazy<PlanTotals> _totals;

    internal OutputPlan(
        string operation, string? recipe, ImmutableArray<ManifestInput> inputs, ImmutableArray<Checkpoint> checkpoints,
        IEnumerable<OutputTensor> tensors, ShardLayout layout, IReadOnlyDictionary<string, byte[]> sideFiles)
        : this(operation, recipe, inputs, checkpoints, InOrder(tensors, layout), layout, sideFiles)
    {
    }

    internal OutputPlan(
        string operation, string? recipe, ImmutableArray<ManifestInput> inputs, ImmutableArray<Checkpoint> checkpoints,
        PlannedOutputs outputs, ShardLayout layout, IReadOnlyDictionary<string, byte[]> sideFiles)
    {
        SideFilePath.Check(sideFiles.Keys, layout.Shards.Select(shard => shard.FileName).Append(layout.IndexFileName));
        Operation = operation;
        Recipe = recipe;
        Inputs = inputs;
        Checkpoints = checkpoints;
        Layout = layout;
        SideFiles = sideFiles;
        _outputs = outputs;
        _totals = new(() => new PlanTotals(outputs));
    }

    /// <summary>Name of the operation, such as <c>merge</c> or <c>extract</c>.</summary>
    public string Operation { get; }

    /// <summary>Text of the recipe; null where there is none.</summary>
    public string? Recipe { get; }

    /// <summary>Inputs of the run, with their fingerprints.</summary>
    public ImmutableArray<ManifestInput> Inputs { get; }

    /// <summary>Layout of the output's shards.</summary>
    public ShardLayout Layout { get; }

    /// <summary>Small files that are written beside the weights, by their paths in the folder, with slashes.</summary>
    public IReadOnlyDictionary<string, byte[]> SideFiles { get; }

    /// <summary>Warnings for the user.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    /// <summary>Tensors of the output, each with its operation and its number of inputs, in the order of the shards.</summary>
    public IEnumerable<PlannedTensor> PlannedTensors =>
        _outputs.Each.Zip(Layout.Tensors, (tensor, place) =>
            new PlannedTensor(
                tensor.Spec,
                Layout.Shards[place.Shard].FileName,
                place.Offset,
                tensor.Inputs.Count,
                tensor.Operation,
                [.. tensor.Sources]));

    /// <summary>
    /// Models that the symbols in the formulas stand for, if they are the same for all tensors and each tensor is made from
    /// tensors of its own name; otherwise empty.
    /// </summary>
    public ImmutableArray<(string Symbol, string Model)> CommonSources => _totals.Value.CommonSources;

    /// <summary>Number of bytes to read, including those of statistics passes.</summary>
    public long BytesToRead => _totals.Value.BytesRead;

    /// <summary>Number of bytes to write.</summary>
    public long BytesToWrite => Layout.Shards.Sum(shard => shard.Length) + SideFiles.Values.Sum(file => (long)file.Length);

    /// <summary>Returns the size of all buffers together in bytes, with the given options.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the memory bound is too small.</exception>
    public long BufferBytes(RunOptions options)
    {
        var budget = MemoryBudget.For(options.Reading(Checkpoints).Writing(BytesToWrite), Demands);
        return budget.AheadBytes + budget.BehindBytes + budget.ComputingBytes + budget.OutputBytes + budget.InputBytes
            + budget.WorkerBytes
            + Math.Min(_totals.Value.HeldBytes, budget.CacheBytes);
    }

    /// <summary>
    /// Memory in bytes for the names, shapes and places of all tensors, those of the inputs and of the output, while a run is
    /// under way: an estimate. It does not depend on the options, and comes on top of the buffers.
    /// </summary>
    public long MetadataBytes =>
        (Checkpoints.Sum(checkpoint => (long)checkpoint.Tensors.Length) * InputTensorBytes)
        + (Layout.Tensors.Length * OutputTensorBytes);

    /// <summary>
    /// Name of the form of the one GGUF file that is to be made from the plan's tensors, which are those before it; null for an
    /// output of safetensors.
    /// </summary>
    internal string? GgufForm { get; init; }

    /// <summary>What a model card says about the output; null for outputs that have none.</summary>
    internal ModelCard? Card { get; init; }

    /// <summary>Tensors of the output, in the order of the layout. All are kept from now on.</summary>
    internal ImmutableArray<OutputTensor> Tensors => _outputs.All;

    /// <summary>
    /// Plans the tensor at a position of the layout. That of a large model is a new object each time, unless all of
    /// <see cref="Tensors"/> are kept.
    /// </summary>
    internal OutputTensor TensorAt(int position) => _outputs[position];

    /// <summary>Number of bytes to read for a tensor by itself, without statistics over several tensors.</summary>
    internal long BytesReadFor(int position) =>
        _totals.Value.Moved[position] - Layout.Tensors[position].Spec.ByteLength;

    /// <summary>What is said of the plan as a whole.</summary>
    internal PlanTotals Totals => _totals.Value;

    /// <summary>Operation of each tensor, in the order of the layout; see <see cref="PlannedTensor.Operation"/>.</summary>
    internal IReadOnlyList<string> Operations => _totals.Value.Operations;

    /// <summary>Open checkpoints that the run reads.</summary>
    internal ImmutableArray<Checkpoint> Checkpoints { get; }

    /// <summary>Memory that each tensor's tiles need. Only copied inputs need buffers.</summary>
    internal IEnumerable<TensorDemand> Demands => Whole?.Demands ?? _totals.Value.Demands;

    /// <summary>The plan that this one is a part of; null for a whole plan.</summary>
    internal OutputPlan? Whole { get; private init; }

    /// <summary>Whether the statistics over several tensors are known, as they were measured elsewhere.</summary>
    internal bool IsMeasured { get; set; }

    /// <summary>
    /// Hash that identifies the plan, over the operation, recipe, inputs and exact headers of the output. A fingerprint only
    /// samples an input, so the hash also covers the lengths and modification times of the files: a run is resumed only with
    /// files that were not written to since.
    /// </summary>
    internal string Hash => HashWith((_, stamp) => $"{stamp.Length} {stamp.LastWrite.Ticks}\n");

    /// <summary>
    /// The same hash without the times of local files, which copies of one model on several machines do not share. What stands
    /// for the time of a file in a store is its version, and stays.
    /// </summary>
    internal string HashWithoutTimes => HashWith(
        (model, stamp) => model.IsInStore ? $"{stamp.Length} {stamp.LastWrite.Ticks}\n" : $"{stamp.Length}\n");

    /// <summary>
    /// Returns the tensors whose cross-tensor statistics are needed before the tensors at the given positions are made: all
    /// tensors of the plan, or none if no given tensor needs such a statistic.
    /// </summary>
    internal IEnumerable<OutputTensor> PooledFor(IEnumerable<int> toBeMade) =>
        !IsMeasured && Totals.IsPooled && toBeMade.Any(position => Tensors[position].CrossTensorParts.Count > 0)
            ? (Whole ?? this).Tensors
            : [];

    /// <summary>
    /// Plans a part of this plan that can be made by itself: some of its tensors, in files of their own, and nothing beside them.
    /// </summary>
    /// <param name="first">Position of the part's first tensor.</param>
    /// <param name="layout">Files of the part, whose tensors are those from there on.</param>
    internal OutputPlan Part(int first, ShardLayout layout)
    {
        // Statistics over several tensors solve the objects that they are given, so that a part has to have the same ones.
        if (Totals.IsPooled)
            _ = Tensors;
        return new OutputPlan(
            Operation,
            Recipe,
            Inputs,
            Checkpoints,
            _outputs.Slice(first, layout.Tensors.Length),
            layout,
            new Dictionary<string, byte[]>())
        {
            Whole = this,
        };
    }

    private string HashWith(Func<Checkpoint, FileStamp, string> text)
    {
        var hash = new XxHash128();
        hash.Append(Encoding.UTF8.GetBytes(string.Join(
            '\n', [Manifest.ThisEngine, Operation, Recipe, .. Inputs.Select(input => input.Fingerprint)])));
        foreach (Checkpoint model in Checkpoints)
        {
            foreach (FileStamp stamp in model.Stamps)
                hash.Append(Encoding.UTF8.GetBytes(text(model, stamp)));
        }

        foreach (PlannedShard shard in Layout.Shards)
            hash.Append(shard.Header.Span);
        foreach (string operation in Operations)
            hash.Append(Encoding.UTF8.GetBytes(operation));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static PlannedOutputs InOrder(IEnumerable<OutputTensor> tensors, ShardLayout layout)
    {
        Dictionary<string, OutputTensor> byName = tensors.ToDictionary(tensor => tensor.Spec.Name, StringComparer.Ordinal);
        return new PlannedOutputs([.. layout.Tensors.Select(place => byName[place.Spec.Name])]);
    }
}

/// <summary>One tensor of a plan.</summary>
/// <param name="Spec">Name, type and shape of the tensor.</param>
/// <param name="File">File name of the shard that will hold the tensor.</param>
/// <param name="Offset">Offset of the tensor's first byte in the file.</param>
/// <param name="Inputs">Number of tensors that are read to make this one.</param>
/// <param name="Operation">Operation in words, or as a formula where it is known beforehand.</param>
/// <param name="Sources">Tensors that the symbols in the formula stand for, or that the method is given.</param>
public sealed record PlannedTensor(
    TensorSpec Spec, string File, long Offset, int Inputs, string Operation, ImmutableArray<PlannedSource> Sources);
