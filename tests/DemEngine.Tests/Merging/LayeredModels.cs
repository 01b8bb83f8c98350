using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Small models with embeddings, numbered layers, and what follows them, kept at hand by name for tests to compute with.</summary>
internal sealed class LayeredModels : IDisposable
{
    private readonly Dictionary<string, Dictionary<string, (TensorSpec Spec, byte[] Bytes)>> _models = new(StringComparer.Ordinal);

    public ModelFolder Folder { get; } = new();

    /// <summary>Writes a model of random numbers.</summary>
    /// <param name="name">Its folder.</param>
    /// <param name="layers">Number of layers.</param>
    /// <param name="seed">Chooses the numbers.</param>
    /// <param name="type">Of the elements.</param>
    /// <param name="stack">What the layers are called.</param>
    public LayeredModels Add(string name, int layers, int seed, ElementType type = ElementType.BF16, string stack = "model.layers")
    {
        (TensorSpec Spec, byte[] Bytes)[] tensors =
        [
            // In the order of their names, as the usual libraries write them: layer 10 comes before layer 2.
            .. Names(layers, stack).OrderBy(tensor => tensor.Name, StringComparer.Ordinal).Select(tensor => Values.Random(tensor.Name, type, tensor.Shape, seed)),
        ];
        Folder.Model(name, tensors).File(name, "config.json", $$"""{"num_hidden_layers": {{layers}}, "vocab_size": 11}""");
        _models[name] = tensors.ToDictionary(tensor => tensor.Spec.Name);
        return this;

        static IEnumerable<(string Name, long[] Shape)> Names(int layers, string stack) =>
        [
            ("model.embed_tokens.weight", [11, 6]),
            .. Enumerable.Range(0, layers).SelectMany(IEnumerable<(string, long[])> (layer) =>
            [
                ($"{stack}.{layer}.input_layernorm.weight", [6]),
                ($"{stack}.{layer}.mlp.up_proj.weight", [10, 6]),
                ($"{stack}.{layer}.self_attn.q_proj.weight", [6, 6]),
            ]),
            ("model.norm.weight", [6]),
            ("lm_head.weight", [11, 6]),
        ];
    }

    /// <summary>A tensor of a model.</summary>
    public (TensorSpec Spec, byte[] Bytes) Tensor(string model, string tensor) => _models[model][tensor];

    /// <summary>The names of an output's tensors, in their order in the file.</summary>
    public string[] NamesOf(string output)
    {
        using var checkpoint = Checkpoint.Open(Folder.PathOf(output));
        return [.. checkpoint.Tensors.Select(tensor => tensor.Spec.Name)];
    }

    /// <summary>Compares a tensor of an output with what it should be.</summary>
    public void AssertTensor(string output, string tensor, byte[] expected) =>
        Assert.That(Folder.Bytes(output, tensor), Is.EqualTo(expected), $"{output}: {tensor}");

    public void Dispose() => Folder.Dispose();
}
