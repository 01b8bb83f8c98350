using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>The sizes of a model of the Llama architecture, as its <c>config.json</c> states them.</summary>
/// <param name="Name">Name of the shape.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Intermediate">Width inside an MLP.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Number of attention heads.</param>
/// <param name="KeyValueHeads">
/// Number of heads of keys and values: as many as <paramref name="Heads"/>, or a divisor of it.
/// </param>
/// <param name="Vocabulary">Number of rows of the embedding.</param>
/// <param name="TiedEmbeddings">True if the output matrix is the embedding and is not stored.</param>
public sealed record LlamaShape(
    string Name,
    int Hidden,
    int Intermediate,
    int Layers,
    int Heads,
    int KeyValueHeads,
    int Vocabulary,
    bool TiedEmbeddings = false) : IModelShape
{
    /// <summary>The named shapes: from a few hundred kilobytes to 26 GB in BF16.</summary>
    public static IReadOnlyList<LlamaShape> Named { get; } =
    [
        new("tiny", 64, 176, 4, 4, 2, 512),
        new("small", 512, 1408, 8, 8, 4, 8000),
        new("llama-160m", 768, 2048, 12, 12, 12, 32000),
        new("llama-1b", 2048, 5632, 22, 32, 4, 32000),
        new("llama-3b", 3200, 8640, 26, 32, 32, 32000),
        new("llama-7b", 4096, 11008, 32, 32, 32, 32000),
        new("llama-8b", 4096, 14336, 32, 32, 8, 128256),
        new("llama-13b", 5120, 13824, 40, 40, 40, 32000),
    ];

    private int HeadSize => Hidden / Heads;

    /// <summary>Finds a shape by name, or reads it from a <c>config.json</c>.</summary>
    /// <param name="nameOrFile">Name of one of <see cref="Named"/>, or path of a file.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): there is no such name or file. DEM2023 (BadSideFile): the file is not such a configuration.
    /// </exception>
    public static LlamaShape Find(string nameOrFile)
    {
        if (Named.FirstOrDefault(shape => shape.Name == nameOrFile) is { } named)
            return named;
        if (!File.Exists(nameOrFile))
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"there is no shape or file {Quoted.Name(nameOrFile)}; "
                + $"shapes are {string.Join(", ", ModelShapes.Names)}");
        }

        return ReadConfig(nameOrFile);
    }

    /// <inheritdoc/>
    public IEnumerable<TensorSpec> Tensors(ElementType type)
    {
        TensorSpec Spec(string name, params ReadOnlySpan<long> dimensions) => new(name, type, new TensorShape([.. dimensions]));

        long keyValue = (long)KeyValueHeads * HeadSize;
        yield return Spec("model.embed_tokens.weight", Vocabulary, Hidden);
        for (int layer = 0; layer < Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            yield return Spec(prefix + "input_layernorm.weight", Hidden);
            yield return Spec(prefix + "self_attn.q_proj.weight", Hidden, Hidden);
            yield return Spec(prefix + "self_attn.k_proj.weight", keyValue, Hidden);
            yield return Spec(prefix + "self_attn.v_proj.weight", keyValue, Hidden);
            yield return Spec(prefix + "self_attn.o_proj.weight", Hidden, Hidden);
            yield return Spec(prefix + "post_attention_layernorm.weight", Hidden);
            yield return Spec(prefix + "mlp.gate_proj.weight", Intermediate, Hidden);
            yield return Spec(prefix + "mlp.up_proj.weight", Intermediate, Hidden);
            yield return Spec(prefix + "mlp.down_proj.weight", Hidden, Intermediate);
        }

        yield return Spec("model.norm.weight", Hidden);
        if (!TiedEmbeddings)
            yield return Spec("lm_head.weight", Vocabulary, Hidden);
    }

    /// <inheritdoc/>
    public byte[] ToConfig(ElementType type)
    {
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Intermediate,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KeyValueHeads,
            ["vocab_size"] = Vocabulary,
            ["tie_word_embeddings"] = TiedEmbeddings,
            ["max_position_embeddings"] = 2048,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 10000.0,
            ["hidden_act"] = "silu",
            ["torch_dtype"] = type.TorchName,
        };
        return IndentedJson.Write(config);
    }

    private static LlamaShape ReadConfig(string path)
    {
        try
        {
            JsonNode config = StrictJson.ParseNode(File.ReadAllBytes(path)) ?? throw new JsonException("empty");
            int Size(string key, int? otherwise = null)
            {
                int size = config[key] is { } node
                    ? node.GetValue<int>()
                    : otherwise ?? throw new JsonException($"there is no {key}");
                return size > 0 ? size : throw new JsonException($"{key} is not positive");
            }

            int heads = Size("num_attention_heads");
            return new LlamaShape(
                Path.GetFileName(path),
                Size("hidden_size"),
                Size("intermediate_size"),
                Size("num_hidden_layers"),
                heads,
                Size("num_key_value_heads", heads),
                Size("vocab_size"),
                config["tie_word_embeddings"]?.GetValue<bool>() ?? false);
        }
        catch (Exception e) when (e is JsonException
            or InvalidOperationException
            or FormatException
            or IOException
            or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{path}: {JsonFault.Describe(e)}", e);
        }
    }
}
