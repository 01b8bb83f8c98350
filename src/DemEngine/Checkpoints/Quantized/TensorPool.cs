using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints.Forms;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// The tensors of a quantised checkpoint that no form has claimed yet. Each form takes the tensors that it understands; what is
/// left at the end is plain, or not understood.
/// </summary>
internal sealed class TensorPool
{
    private readonly HashSet<StoredTensor> _taken = [];

    /// <param name="stored">The checkpoint as it is stored.</param>
    /// <param name="config">What says that it is quantised; null if only the tensors do.</param>
    /// <param name="modelType">Element type of the model without quantisation.</param>
    public TensorPool(Checkpoint stored, QuantizationConfig? config, ElementType modelType)
    {
        Stored = stored;
        Config = config;
        ModelType = modelType;
    }

    /// <summary>The checkpoint as it is stored.</summary>
    public Checkpoint Stored { get; }

    /// <summary>What says that it is quantised; null if only the tensors do.</summary>
    public QuantizationConfig? Config { get; }

    /// <summary>Element type of the model without quantisation.</summary>
    public ElementType ModelType { get; }

    /// <summary>Names of tensors that belong to activations and not to weights, and were left out.</summary>
    public List<string> LeftOut { get; } = [];

    /// <summary>Tensors that no form has claimed, in the order of the checkpoint.</summary>
    public IEnumerable<StoredTensor> Left => Stored.Tensors.Where(tensor => !_taken.Contains(tensor));

    /// <summary>Finds a tensor that no form has claimed; null if there is none.</summary>
    public StoredTensor? Find(string name) =>
        Stored.Find(name) is { } tensor && !_taken.Contains(tensor) ? tensor : null;

    /// <summary>Finds the first of several names.</summary>
    public StoredTensor? FindAny(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (Find(name) is { } found)
                return found;
        }

        return null;
    }

    /// <summary>Finds a tensor that codes cannot be decoded without.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="codes">The codes.</param>
    /// <exception cref="DemException">DEM2032 (MissingScale): there is none.</exception>
    public StoredTensor Need(string name, StoredTensor codes) => Find(name) ?? throw Missing(codes, Quoted.Name(name));

    /// <summary>Claims tensors.</summary>
    public void Take(params IEnumerable<StoredTensor?> tensors) => _taken.UnionWith(tensors.OfType<StoredTensor>());

    /// <summary>Claims a tensor that says nothing of the weights.</summary>
    public void LeaveOut(StoredTensor tensor)
    {
        _taken.Add(tensor);
        LeftOut.Add(tensor.Spec.Name);
    }

    /// <summary>Makes the error of codes that lack a tensor.</summary>
    public static DemException Missing(StoredTensor codes, string what) => new(
        ErrorCode.MissingScale,
        $"{codes.File}: the codes {Quoted.Name(codes.Spec.Name)} have no {what} beside them")
    {
        Path = codes.File,
        Tensor = codes.Spec.Name,
    };

    /// <summary>Makes the error of a tensor that does not fit the codes.</summary>
    public static DemException Wrong(StoredTensor part, string why) => new(
        ErrorCode.QuantizedShape,
        $"{part.File}: tensor {Quoted.Name(part.Spec.Name)} is {part.Spec.Type.SafetensorsName} {part.Spec.Shape}: {why}")
    {
        Path = part.File,
        Tensor = part.Spec.Name,
    };

    /// <summary>Throws unless a tensor has one of several types.</summary>
    /// <exception cref="DemException">DEM2033 (QuantizedShape).</exception>
    public static void RequireType(StoredTensor part, params ReadOnlySpan<ElementType> types)
    {
        if (!types.Contains(part.Spec.Type))
            throw Wrong(part, $"expected is {types[0].SafetensorsName}");
    }

    /// <summary>Throws unless a tensor has a shape.</summary>
    /// <exception cref="DemException">DEM2033 (QuantizedShape).</exception>
    public static void RequireShape(StoredTensor part, params ImmutableArray<long> dimensions)
    {
        if (!part.Spec.Shape.Dimensions.AsSpan().SequenceEqual(dimensions.AsSpan()))
            throw Wrong(part, $"expected is [{string.Join(", ", dimensions)}]");
    }

    /// <summary>Sizes of a block that the configuration states; empty if it states none.</summary>
    public ImmutableArray<long> StatedBlock =>
        (Config?.Settings?["weight_block_size"] ?? Find(Config?.Settings, "block_structure")) is JsonArray { Count: > 0 } sizes
        && sizes.All(size => size is JsonValue value && value.TryGetValue(out long number) && number > 0)
            ? [.. sizes.Select(size => size!.GetValue<long>())]
            : [];

    private static JsonNode? Find(JsonObject? root, string key) => root is null
        ? null
        : root[key] ?? root.Select(pair => pair.Value).OfType<JsonObject>().Select(part => Find(part, key))
            .FirstOrDefault(found => found is not null);
}
