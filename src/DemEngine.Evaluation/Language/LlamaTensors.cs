using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Evaluation.Language;

/// <summary>A weight of a model: what it is called and how large it is, in whatever element type.</summary>
/// <param name="Name">Hugging Face's name.</param>
/// <param name="Shape">A matrix is [outputs, inputs] and multiplies from the left: y = W·x.</param>
public sealed record LlamaTensor(string Name, TensorShape Shape);

/// <summary>The weights of the Llama architecture under Hugging Face's names.</summary>
public static class LlamaTensors
{
    /// <summary>[vocabulary, hidden].</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>[hidden]: normalises before the output matrix.</summary>
    public const string Norm = "model.norm.weight";

    /// <summary>[vocabulary, hidden]; not stored where embeddings are tied.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>[hidden]: normalises before attention.</summary>
    public static string AttentionNorm(int layer) => $"model.layers.{layer}.input_layernorm.weight";

    /// <summary>[heads × head size, hidden].</summary>
    public static string Query(int layer) => $"model.layers.{layer}.self_attn.q_proj.weight";

    /// <summary>[key-value heads × head size, hidden].</summary>
    public static string Key(int layer) => $"model.layers.{layer}.self_attn.k_proj.weight";

    /// <summary>[key-value heads × head size, hidden].</summary>
    public static string Value(int layer) => $"model.layers.{layer}.self_attn.v_proj.weight";

    /// <summary>[hidden, heads × head size].</summary>
    public static string Output(int layer) => $"model.layers.{layer}.self_attn.o_proj.weight";

    /// <summary>[hidden]: normalises before the MLP.</summary>
    public static string MlpNorm(int layer) => $"model.layers.{layer}.post_attention_layernorm.weight";

    /// <summary>[intermediate, hidden]: what passes through SiLU.</summary>
    public static string Gate(int layer) => $"model.layers.{layer}.mlp.gate_proj.weight";

    /// <summary>[intermediate, hidden]: what the gate multiplies.</summary>
    public static string Up(int layer) => $"model.layers.{layer}.mlp.up_proj.weight";

    /// <summary>[hidden, intermediate].</summary>
    public static string Down(int layer) => $"model.layers.{layer}.mlp.down_proj.weight";

    /// <summary>All weights that are stored, in the order of the network.</summary>
    public static IEnumerable<LlamaTensor> Of(LlamaConfig config)
    {
        static LlamaTensor Tensor(string name, params ReadOnlySpan<long> dimensions) => new(name, new TensorShape([.. dimensions]));

        int hidden = config.HiddenSize;
        yield return Tensor(Embedding, config.VocabularySize, hidden);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            yield return Tensor(AttentionNorm(layer), hidden);
            yield return Tensor(Query(layer), config.QueryRows, hidden);
            yield return Tensor(Key(layer), config.KeyValueRows, hidden);
            yield return Tensor(Value(layer), config.KeyValueRows, hidden);
            yield return Tensor(Output(layer), hidden, config.QueryRows);
            yield return Tensor(MlpNorm(layer), hidden);
            yield return Tensor(Gate(layer), config.IntermediateSize, hidden);
            yield return Tensor(Up(layer), config.IntermediateSize, hidden);
            yield return Tensor(Down(layer), hidden, config.IntermediateSize);
        }

        yield return Tensor(Norm, hidden);
        if (!config.TieEmbeddings)
            yield return Tensor(Head, config.VocabularySize, hidden);
    }

    /// <summary>Checks that weights are those of a configuration: all there, of the right shapes, floating-point, and none beside them.</summary>
    /// <param name="config">What they should be.</param>
    /// <param name="tensors">What there is.</param>
    /// <param name="model">Named in errors.</param>
    /// <exception cref="DemException">DEM2103, naming the tensors.</exception>
    public static void Check(LlamaConfig config, IEnumerable<TensorSpec> tensors, string model)
    {
        var there = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        LlamaTensor[] wanted = [.. Of(config)];

        string[] missing = [.. wanted.Select(tensor => tensor.Name).Where(name => !there.ContainsKey(name))];
        if (missing.Length > 0)
            throw Wrong(model, $"{missing.Length} tensors that {LlamaConfig.FileName} asks for are missing: {Quoted.List(missing)}");

        foreach (LlamaTensor tensor in wanted)
        {
            TensorSpec found = there[tensor.Name];
            if (found.Shape != tensor.Shape)
                throw Wrong(model, $"{Quoted.Name(tensor.Name)} is {found.Shape}, and by {LlamaConfig.FileName} should be {tensor.Shape}");
            if (!found.Type.IsFloat)
                throw Wrong(model, $"{Quoted.Name(tensor.Name)} is of type {found.Type.SafetensorsName}, not floating-point");
        }

        string[] extra = [.. there.Keys.Except(wanted.Select(tensor => tensor.Name)).Where(name => !IsRedundant(name)).Order(StringComparer.Ordinal)];
        if (extra.Length > 0)
            throw Wrong(model, $"{extra.Length} tensors are no part of the architecture: {Quoted.List(extra)}");
    }

    // The head of tied embeddings is the embedding again; old checkpoints stored the rotary frequencies, which follow from the configuration.
    private static bool IsRedundant(string name) => name == Head || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    private static DemException Wrong(string model, string what) => new(ErrorCode.WrongTensors, $"{model}: {what}");
}
