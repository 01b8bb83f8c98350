using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Numerics;

namespace DemEngine.Evaluation.Language;

/// <summary>
/// Shape and constants of a decoder of the Llama architecture, as Hugging Face's <c>config.json</c> states them (Touvron et al.,
/// "LLaMA: Open and Efficient Foundation Language Models", https://arxiv.org/abs/2302.13971, section 2.2), or of one that differs
/// from it in little: Mistral (Jiang et al., https://arxiv.org/abs/2310.06825), Qwen2 (Yang et al.,
/// https://arxiv.org/abs/2407.10671), Qwen3 (https://arxiv.org/abs/2505.09388), Mixtral (Jiang et al.,
/// https://arxiv.org/abs/2401.04088), and the text decoders of Gemma 2 and 3 (see <see cref="GemmaDetails"/>).
/// </summary>
public sealed record LlamaConfig
{
    /// <summary>Name of the configuration file in a model's folder.</summary>
    public const string FileName = "config.json";

    /// <summary><c>vocab_size</c>: number of rows of the embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary><c>hidden_size</c>: width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary><c>intermediate_size</c>: width inside an MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary><c>num_hidden_layers</c>: number of decoder layers.</summary>
    public required int Layers { get; init; }

    /// <summary><c>num_attention_heads</c>: number of query heads.</summary>
    public required int AttentionHeads { get; init; }

    /// <summary>
    /// <c>num_key_value_heads</c>: number of key-value heads, a divisor of <see cref="AttentionHeads"/>. Each serves an equal
    /// number of consecutive query heads.
    /// </summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>
    /// <c>head_dim</c>: width of a head, an even number; usually, but not always, the hidden size divided by the number of heads.
    /// </summary>
    public required int HeadSize { get; init; }

    /// <summary><c>rms_norm_eps</c>: constant added to the mean square under the root.</summary>
    public double RmsNormEpsilon { get; init; } = 1e-6;

    /// <summary><c>rope_theta</c>: base of the rotary frequencies θ^(−2i/d).</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Change of the rotary frequencies; null for none.</summary>
    public RotaryScaling? Scaling { get; init; }

    /// <summary>
    /// <c>sliding_window</c>: number of tokens that attention sees back at most, the token itself among them, as in Mistral; null
    /// if it sees all. In Gemma it is that of some layers; see <see cref="IsLocal"/>.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>Whether queries, keys and values have biases, as in Qwen2.</summary>
    public bool HasBiases { get; init; }

    /// <summary>Whether each head of queries and keys is normalised, as in Qwen3.</summary>
    public bool HasHeadNorms { get; init; }

    /// <summary>What Gemma computes otherwise; null for all other architectures.</summary>
    public GemmaDetails? Gemma { get; init; }

    /// <summary>
    /// <c>num_local_experts</c>: number of MLPs of each layer, as in Mixtral, among which a router chooses for each token; 0 for
    /// one MLP without a router.
    /// </summary>
    public int Experts { get; init; }

    /// <summary><c>num_experts_per_tok</c>: number of experts that a token passes through; 0 without experts.</summary>
    public int ExpertsPerToken { get; init; }

    /// <summary><c>max_position_embeddings</c>: length of the longest sequence, in tokens.</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary><c>tie_word_embeddings</c>: whether the output matrix is the embedding and is not stored.</summary>
    public bool TieEmbeddings { get; init; }

    /// <summary><c>bos_token_id</c>: id that begins a text; null if there is none.</summary>
    public int? BeginOfText { get; init; }

    /// <summary><c>eos_token_id</c>: ids that end a text; one, several, or none.</summary>
    public ImmutableArray<int> EndOfText { get; init; } = [];

    /// <summary>Number of rows of the query projection: heads × head size.</summary>
    public int QueryRows => AttentionHeads * HeadSize;

    /// <summary>Number of rows of the key projection, and of the value projection: key-value heads × head size.</summary>
    public int KeyValueRows => KeyValueHeads * HeadSize;

    /// <summary>Number of stored weights.</summary>
    public long Parameters => LlamaTensors.Of(this).Sum(tensor => tensor.Shape.ElementCount);

    /// <summary>Number of stored weights that a token passes through: of the experts, those that it is sent to.</summary>
    public long ActiveParameters =>
        Parameters - ((long)Layers * (Experts - ExpertsPerToken) * 3 * IntermediateSize * HiddenSize);

    /// <summary>Whether the embedded evaluator computes the model, and not Torch alone.</summary>
    public bool IsEmbedded => Gemma is null && Experts == 0;

    /// <summary>Factor on the products of queries and keys.</summary>
    public double ScoreScale => 1 / Math.Sqrt(Gemma?.QueryScalar ?? HeadSize);

    /// <summary>Whether a layer sees no further than <see cref="Window"/>.</summary>
    /// <param name="layer">Number of the layer, from 0.</param>
    public bool IsLocal(int layer) => Window is not null && (Gemma is null || Gemma.LocalLayers[layer]);

    /// <summary>Reads a model's configuration from disk.</summary>
    /// <param name="path">Path of the model's folder, or of the configuration file itself.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the file cannot be read. DEM2101 (UnknownArchitecture): the architecture is another one. DEM2102
    /// (BadConfig): a value is missing or wrong.
    /// </exception>
    public static LlamaConfig Read(string path)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        byte[] json;
        try
        {
            json = File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{file}: {FileFault.Describe(e)}", e) { Path = file };
        }

        return LlamaConfigReader.Parse(json, file);
    }

    /// <summary>Reads a configuration from memory.</summary>
    /// <param name="json">Contents of <c>config.json</c>.</param>
    /// <param name="path">Path of the file, named in errors.</param>
    /// <exception cref="DemException">
    /// DEM2101 (UnknownArchitecture): the architecture is another one. DEM2102 (BadConfig): a value is missing or wrong.
    /// </exception>
    public static LlamaConfig Parse(ReadOnlyMemory<byte> json, string path) => LlamaConfigReader.Parse(json, path);

    /// <summary>
    /// Writes the contents of a <c>config.json</c> that Hugging Face's class of the architecture accepts and <see cref="Parse"/>
    /// reads back unchanged.
    /// </summary>
    /// <param name="type">Element type of the model's weights, written as <c>torch_dtype</c>.</param>
    public byte[] ToJson(ElementType type)
    {
        (string Name, string Type) family = Gemma is not null ? HasHeadNorms ? ("Gemma3", "gemma3_text") : ("Gemma2", "gemma2")
            : Experts > 0 ? ("Mixtral", "mixtral")
            : HasBiases ? ("Qwen2", "qwen2")
            : HasHeadNorms ? ("Qwen3", "qwen3")
            : Window is not null ? ("Mistral", "mistral")
            : ("Llama", "llama");
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray($"{family.Name}ForCausalLM"),
            ["model_type"] = family.Type,
            ["vocab_size"] = VocabularySize,
            ["hidden_size"] = HiddenSize,
            ["intermediate_size"] = IntermediateSize,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = AttentionHeads,
            ["num_key_value_heads"] = KeyValueHeads,
            ["head_dim"] = HeadSize,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = MaxPositions,
            ["rms_norm_eps"] = RmsNormEpsilon,
            ["rope_theta"] = RopeTheta,
            ["tie_word_embeddings"] = TieEmbeddings,
            ["bos_token_id"] = BeginOfText,
            ["eos_token_id"] = EndOfText switch
            {
                [] => null,
                [int one] => one,
                _ => new JsonArray([.. EndOfText.Select(id => JsonValue.Create(id))]),
            },
            ["torch_dtype"] = type.TorchName,
        };
        if (Window is { } window)
            config["sliding_window"] = window;
        else if (Gemma is not null)
            config["sliding_window"] = MaxPositions;
        if (Experts > 0)
        {
            config["num_local_experts"] = Experts;
            config["num_experts_per_tok"] = ExpertsPerToken;
        }

        Gemma?.WriteTo(config);
        if (Scaling is { } scaling)
            config["rope_scaling"] = scaling.ToJson();
        return IndentedJson.Write(config);
    }

    /// <inheritdoc/>
    public bool Equals(LlamaConfig? other) => other is not null && Key == other.Key && EndOfText.SequenceEqual(other.EndOfText);

    /// <inheritdoc/>
    public override int GetHashCode() => Key.GetHashCode();

    // Everything but the list, which compares by reference.
    private (int, int, int, int, int, int, int, double, double, int, bool, int?, (RotaryScaling?, int?, bool, bool),
        (GemmaDetails?, int, int)) Key => (
        VocabularySize, HiddenSize, IntermediateSize, Layers, AttentionHeads, KeyValueHeads, HeadSize,
        RmsNormEpsilon, RopeTheta, MaxPositions, TieEmbeddings, BeginOfText, (Scaling, Window, HasBiases, HasHeadNorms),
        (Gemma, Experts, ExpertsPerToken));
}
