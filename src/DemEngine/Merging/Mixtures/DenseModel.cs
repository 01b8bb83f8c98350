using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Merging.Mixtures;

/// <summary>The dense model that a mixture is built on: its architecture, its sizes and its tensors by their part.</summary>
internal sealed class DenseModel
{
    private const string LayerPrefix = "model.layers.";
    private const string Embedding = "model.embed_tokens.weight";
    private const string Norm = "model.norm.weight";
    private const string Head = "lm_head.weight";

    // Old checkpoints store the frequencies of rotary positions, which the configuration determines.
    private const string Frequencies = "self_attn.rotary_emb.inv_freq";

    private readonly string _name;

    /// <param name="model">The model.</param>
    /// <param name="path">Its path in the recipe.</param>
    /// <exception cref="DemException">
    /// DEM2051 (NoMixtureSource): the architecture is not known, or the tensors are not those of it. DEM2023 (BadSideFile):
    /// config.json cannot be read.
    /// </exception>
    public DenseModel(SourceModel model, ModelPath path)
    {
        _name = path.Written;
        Tensors = model.Tensors;
        Config = ModelConfig.Of(model.Files, _name)?.Root
            ?? throw Refuse($"there is no {ModelConfig.FileName}, which says what the model computes");
        Architecture = DenseArchitecture.Find(TypeOf(Config))
            ?? throw Refuse($"its model_type is {Quoted.Name(TypeOf(Config) ?? "not given")}, and mixtures are built from "
                + string.Join(", ", DenseArchitecture.All.Select(one => one.ModelType)));
        Layers = Tensors.Tensors.Select(tensor => LayerOf(tensor.Name)).DefaultIfEmpty(-1).Max() + 1;
        if (Layers == 0)
            throw Refuse("its tensors' names show no layers");
        CheckTensors();
        VocabularyRows = Require(Embedding).Spec.Shape.Rows;
        (HiddenSize, IntermediateSize) = Sizes();
        Config["vocab_size"] = VocabularyRows;
        Config["hidden_size"] = HiddenSize;
        Config["intermediate_size"] = IntermediateSize;
        Config["num_hidden_layers"] = Layers;
        Architecture.SpellOut(Config);
    }

    /// <summary>Tensors of the model.</summary>
    public InputModel Tensors { get; }

    /// <summary>The configuration, with everything in it that the architecture would mean by leaving it out.</summary>
    public JsonObject Config { get; }

    /// <summary>Architecture of the model.</summary>
    public DenseArchitecture Architecture { get; }

    /// <summary>Number of layers.</summary>
    public int Layers { get; }

    /// <summary>Number of elements of a hidden state.</summary>
    public int HiddenSize { get; }

    /// <summary>Number of elements inside an MLP.</summary>
    public int IntermediateSize { get; }

    /// <summary>Number of rows of the embedding.</summary>
    public long VocabularyRows { get; }

    /// <summary>Activation of the MLPs.</summary>
    public string Activation => TextOf(Config, "hidden_act") ?? "";

    /// <summary>Whether a tensor goes into the mixture as it is.</summary>
    public static bool IsCarried(string name) =>
        !IsMlp(name) && !name.EndsWith(Frequencies, StringComparison.Ordinal);

    /// <summary>Reads the <c>model_type</c> of a configuration; null if there is none.</summary>
    public static string? TypeOf(JsonObject config) => TextOf(config, "model_type");

    /// <summary>Reads a text of a configuration; null if there is none.</summary>
    public static string? TextOf(JsonObject config, string key) =>
        config[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>Gives a tensor that must be there.</summary>
    /// <exception cref="DemException">DEM2051 (NoMixtureSource): the model does not have it.</exception>
    public TensorReader Require(string name) =>
        Tensors.Find(name) ?? throw Refuse($"it has no tensor {Quoted.Name(name)}, which every {Architecture.ModelType} has");

    private bool IsTied => Config["tie_word_embeddings"] is JsonValue value && value.TryGetValue(out bool isTied) && isTied;

    private static bool IsMlp(string name) => MlpMatrices.All.Any(matrix =>
        LayerOf(name) is >= 0 and var layer && matrix.NameIn(layer) == name);

    private static int LayerOf(string name)
    {
        if (!name.StartsWith(LayerPrefix, StringComparison.Ordinal))
            return -1;
        int end = name.IndexOf('.', LayerPrefix.Length);
        return end > 0 && int.TryParse(name.AsSpan(LayerPrefix.Length, end - LayerPrefix.Length), out int layer)
            && layer is >= 0 and < 100_000 ? layer : -1;
    }

    private void CheckTensors()
    {
        var known = new HashSet<string>(StringComparer.Ordinal) { Embedding, Norm, Head };
        Require(Norm);
        if (!Tensors.Has(Head) && !IsTied)
            Require(Head);
        for (int layer = 0; layer < Layers; layer++)
        {
            string[] names =
            [
                .. Architecture.Attention.Select(name => $"{LayerPrefix}{layer}.{name}"),
                .. MlpMatrices.All.Select(matrix => matrix.NameIn(layer)),
            ];
            foreach (string name in names)
                Require(name);
            known.UnionWith(names);
            known.Add($"{LayerPrefix}{layer}.{Frequencies}");
        }

        string[] others = [.. Tensors.Tensors.Select(tensor => tensor.Name).Where(name => !known.Contains(name))];
        if (others.Length > 0)
            throw Refuse(
                $"{others.Length} of its tensors are none of a plain {Architecture.ModelType}, and no mixture has a place for "
                + $"them: {Quoted.List(others)}");
    }

    private (int Hidden, int Intermediate) Sizes()
    {
        TensorReader gate = Require(MlpMatrix.Gate.NameIn(0));
        if (gate.Spec.Shape.Dimensions is not [> 0 and <= int.MaxValue and var inside, > 0 and <= int.MaxValue and var hidden])
            throw Refuse($"{Quoted.Name(gate.Spec.Name)} is {gate.Spec.Shape}, and no matrix");
        for (int layer = 0; layer < Layers; layer++)
        {
            foreach (MlpMatrix matrix in MlpMatrices.All)
            {
                TensorReader tensor = Require(matrix.NameIn(layer));
                TensorShape shape = matrix == MlpMatrix.Down ? new TensorShape(hidden, inside) : new TensorShape(inside, hidden);
                if (tensor.Spec.Shape != shape || !tensor.Spec.Type.IsFloat)
                    throw Refuse(
                        $"{Quoted.Name(tensor.Spec.Name)} is {tensor.Spec.Type.SafetensorsName}{tensor.Spec.Shape}, and should "
                        + $"be numbers of {shape}: all experts of a mixture are of one size");
            }
        }

        return ((int)hidden, (int)inside);
    }

    private DemException Refuse(string what) => new(ErrorCode.NoMixtureSource, $"{_name}: {what}") { Path = _name };
}
