using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Numerics;

namespace DemEngine.Evaluation.Language;

/// <summary>A weight of a model: its name and shape, whatever its element type.</summary>
/// <param name="Name">Hugging Face's name of the tensor.</param>
/// <param name="Shape">Shape of the tensor. A matrix is [outputs, inputs] and multiplies from the left: y = W·x.</param>
public sealed record LlamaTensor(string Name, TensorShape Shape);

/// <summary>The weights of the Llama architecture under Hugging Face's names.</summary>
public static class LlamaTensors
{
    /// <summary>Name of the token embedding, [vocabulary, hidden].</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>Name of the norm before the output matrix, [hidden].</summary>
    public const string Norm = "model.norm.weight";

    /// <summary>Name of the output matrix, [vocabulary, hidden]; it is not stored where embeddings are tied.</summary>
    public const string Head = "lm_head.weight";

    /// <summary>Name of a layer's norm before attention, [hidden].</summary>
    public static string AttentionNorm(int layer) => $"model.layers.{layer}.input_layernorm.weight";

    /// <summary>Name of a layer's query projection, [heads × head size, hidden].</summary>
    public static string Query(int layer) => $"model.layers.{layer}.self_attn.q_proj.weight";

    /// <summary>Name of a layer's key projection, [key-value heads × head size, hidden].</summary>
    public static string Key(int layer) => $"model.layers.{layer}.self_attn.k_proj.weight";

    /// <summary>Name of a layer's value projection, [key-value heads × head size, hidden].</summary>
    public static string Value(int layer) => $"model.layers.{layer}.self_attn.v_proj.weight";

    /// <summary>Name of the bias that goes with a matrix, [outputs of the matrix].</summary>
    public static string BiasOf(string matrix) => matrix.Replace(".weight", ".bias", StringComparison.Ordinal);

    /// <summary>Name of the weights with which each head of a layer's queries is normalised, [head size].</summary>
    public static string QueryNorm(int layer) => $"model.layers.{layer}.self_attn.q_norm.weight";

    /// <summary>Name of the weights with which each head of a layer's keys is normalised, [head size].</summary>
    public static string KeyNorm(int layer) => $"model.layers.{layer}.self_attn.k_norm.weight";

    /// <summary>Name of a layer's output projection, [hidden, heads × head size].</summary>
    public static string Output(int layer) => $"model.layers.{layer}.self_attn.o_proj.weight";

    /// <summary>Name of a layer's norm before the MLP, [hidden].</summary>
    public static string MlpNorm(int layer) => $"model.layers.{layer}.post_attention_layernorm.weight";

    /// <summary>Name of a layer's gate projection, [intermediate, hidden], whose outputs pass through SiLU.</summary>
    public static string Gate(int layer) => $"model.layers.{layer}.mlp.gate_proj.weight";

    /// <summary>Name of a layer's up projection, [intermediate, hidden], whose outputs the gate multiplies.</summary>
    public static string Up(int layer) => $"model.layers.{layer}.mlp.up_proj.weight";

    /// <summary>Name of a layer's down projection, [hidden, intermediate].</summary>
    public static string Down(int layer) => $"model.layers.{layer}.mlp.down_proj.weight";

    /// <summary>Name of Gemma's norm of what a layer's attention adds, [hidden].</summary>
    public static string AttentionOutputNorm(int layer) => $"model.layers.{layer}.post_attention_layernorm.weight";

    /// <summary>Name of Gemma's norm before the MLP, [hidden].</summary>
    public static string GemmaMlpNorm(int layer) => $"model.layers.{layer}.pre_feedforward_layernorm.weight";

    /// <summary>Name of Gemma's norm of what a layer's MLP adds, [hidden].</summary>
    public static string MlpOutputNorm(int layer) => $"model.layers.{layer}.post_feedforward_layernorm.weight";

    /// <summary>Name of the matrix by which a layer's router scores its experts, [experts, hidden].</summary>
    public static string Router(int layer) => $"model.layers.{layer}.block_sparse_moe.gate.weight";

    /// <summary>Name of an expert's gate projection, [intermediate, hidden].</summary>
    public static string ExpertGate(int layer, int expert) =>
        $"model.layers.{layer}.block_sparse_moe.experts.{expert}.w1.weight";

    /// <summary>Name of an expert's up projection, [intermediate, hidden].</summary>
    public static string ExpertUp(int layer, int expert) =>
        $"model.layers.{layer}.block_sparse_moe.experts.{expert}.w3.weight";

    /// <summary>Name of an expert's down projection, [hidden, intermediate].</summary>
    public static string ExpertDown(int layer, int expert) =>
        $"model.layers.{layer}.block_sparse_moe.experts.{expert}.w2.weight";

    /// <summary>Lists all stored weights, in the order of the network.</summary>
    public static IEnumerable<LlamaTensor> Of(LlamaConfig config)
    {
        static LlamaTensor Tensor(string name, params ReadOnlySpan<long> dimensions) =>
            new(name, new TensorShape([.. dimensions]));

        int hidden = config.HiddenSize;
        yield return Tensor(Embedding, config.VocabularySize, hidden);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            yield return Tensor(AttentionNorm(layer), hidden);
            yield return Tensor(Query(layer), config.QueryRows, hidden);
            yield return Tensor(Key(layer), config.KeyValueRows, hidden);
            yield return Tensor(Value(layer), config.KeyValueRows, hidden);
            if (config.HasBiases)
            {
                yield return Tensor(BiasOf(Query(layer)), config.QueryRows);
                yield return Tensor(BiasOf(Key(layer)), config.KeyValueRows);
                yield return Tensor(BiasOf(Value(layer)), config.KeyValueRows);
            }

            if (config.HasHeadNorms)
            {
                yield return Tensor(QueryNorm(layer), config.HeadSize);
                yield return Tensor(KeyNorm(layer), config.HeadSize);
            }

            yield return Tensor(Output(layer), hidden, config.QueryRows);
            if (config.Gemma is not null)
            {
                yield return Tensor(AttentionOutputNorm(layer), hidden);
                yield return Tensor(GemmaMlpNorm(layer), hidden);
                yield return Tensor(MlpOutputNorm(layer), hidden);
            }
            else
            {
                yield return Tensor(MlpNorm(layer), hidden);
            }

            if (config.Experts == 0)
            {
                yield return Tensor(Gate(layer), config.IntermediateSize, hidden);
                yield return Tensor(Up(layer), config.IntermediateSize, hidden);
                yield return Tensor(Down(layer), hidden, config.IntermediateSize);
                continue;
            }

            yield return Tensor(Router(layer), config.Experts, hidden);
            for (int expert = 0; expert < config.Experts; expert++)
            {
                yield return Tensor(ExpertGate(layer, expert), config.IntermediateSize, hidden);
                yield return Tensor(ExpertUp(layer, expert), config.IntermediateSize, hidden);
                yield return Tensor(ExpertDown(layer, expert), hidden, config.IntermediateSize);
            }
        }

        yield return Tensor(Norm, hidden);
        if (!config.TieEmbeddings)
            yield return Tensor(Head, config.VocabularySize, hidden);
    }

    /// <summary>
    /// Checks that tensors are the weights of a configuration: complete, of the right shapes, floating-point, and with no others
    /// beside them.
    /// </summary>
    /// <param name="config">Configuration that the tensors should match.</param>
    /// <param name="tensors">Tensors of the model.</param>
    /// <param name="model">Name of the model, used in errors.</param>
    /// <exception cref="DemException">DEM2103 (WrongTensors): the tensors do not match; the message names them.</exception>
    public static void Check(LlamaConfig config, IEnumerable<TensorSpec> tensors, string model)
    {
        var there = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        LlamaTensor[] wanted = [.. Of(config)];

        string[] missing = [.. wanted.Select(tensor => tensor.Name).Where(name => !there.ContainsKey(name))];
        if (missing.Length > 0)
            throw Wrong(
                model, $"{missing.Length} tensors that {LlamaConfig.FileName} asks for are missing: {Quoted.List(missing)}");

        foreach (LlamaTensor tensor in wanted)
        {
            TensorSpec found = there[tensor.Name];
            if (found.Shape != tensor.Shape)
                throw Wrong(
                    model,
                    $"{Quoted.Name(tensor.Name)} is {found.Shape}, and by {LlamaConfig.FileName} should be {tensor.Shape}");
            if (!found.Type.IsFloat)
                throw Wrong(
                    model, $"{Quoted.Name(tensor.Name)} is of type {found.Type.SafetensorsName}, not floating-point");
        }

        string[] extra =
        [
            .. there.Keys
                .Except(wanted.Select(tensor => tensor.Name))
                .Where(name => !IsRedundant(name))
                .Order(StringComparer.Ordinal),
        ];
        if (extra.Length > 0)
            throw Wrong(model, $"{extra.Length} tensors are no part of the architecture: {Quoted.List(extra)}");
    }

    // The head of tied embeddings repeats the embedding. Old checkpoints stored the rotary frequencies as well, though the
    // configuration determines them.
    private static bool IsRedundant(string name) =>
        name == Head || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    private static DemException Wrong(string model, string what) => new(ErrorCode.WrongTensors, $"{model}: {what}");
}
