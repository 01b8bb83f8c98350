using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
using DemEngine.Merging.Names;
using DemEngine.Numerics;
using DemEngine.Recipes.Mixtures;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Mixtures;

/// <summary>A model that gives its MLPs to a mixture, checked against the model that the mixture is built on.</summary>
internal sealed class ExpertModel
{
    private readonly InputModel _tensors;
    private readonly string _name;
    private readonly List<string> _remarks = [];

    /// <param name="expert">The expert as the recipe has it.</param>
    /// <param name="symbol">Symbol of the model in formulas.</param>
    /// <param name="model">The model.</param>
    /// <param name="dense">The model that the mixture is built on.</param>
    /// <param name="origin">The same model with its files.</param>
    /// <exception cref="DemException">
    /// DEM2051 (NoMixtureSource), DEM2052 (ExpertDoesNotFit) or DEM2053 (ExpertVocabulary): the model does not fit.
    /// </exception>
    public ExpertModel(MixtureExpert expert, string symbol, SourceModel model, DenseModel dense, SourceModel origin)
    {
        Expert = expert;
        Symbol = symbol;
        _name = expert.Source.Written;
        _tensors = ReferenceEquals(model, origin)
            ? model.Tensors
            : NameAlignment.Align(dense.Tensors, model.Tensors, Quoted.Name(_name), _remarks);
        CheckConfig(model, dense);
        CheckTensors(dense);
        if (!ReferenceEquals(model, origin))
            CheckVocabulary(model, dense, origin);
    }

    /// <summary>The expert as the recipe has it.</summary>
    public MixtureExpert Expert { get; }

    /// <summary>Symbol of the model in formulas.</summary>
    public string Symbol { get; }

    /// <summary>Notes on what differs and does not stand in the way.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Gives a matrix of the model.</summary>
    public TensorReader Matrix(MlpMatrix matrix, int layer) => _tensors.Find(matrix.NameIn(layer))!;

    private void CheckConfig(SourceModel model, DenseModel dense)
    {
        if (ModelConfig.Of(model.Files, _name)?.Root is not { } config)
            return;
        if (DenseModel.TypeOf(config) is { } type && type != dense.Architecture.ModelType)
            throw Refuse(
                ErrorCode.NoMixtureSource,
                $"its model_type is {Quoted.Name(type)}, and the base model's is {Quoted.Name(dense.Architecture.ModelType)}");
        string activation = DenseModel.TextOf(config, "hidden_act") ?? "silu";
        if (activation != dense.Activation)
            throw Refuse(
                ErrorCode.ExpertDoesNotFit,
                $"its hidden_act is {Quoted.Name(activation)}, and the base model's is {Quoted.Name(dense.Activation)}");
    }

    private void CheckTensors(DenseModel dense)
    {
        for (int layer = 0; layer < dense.Layers; layer++)
        {
            foreach (MlpMatrix matrix in MlpMatrices.All)
            {
                TensorReader wanted = dense.Require(matrix.NameIn(layer));
                if (_tensors.Find(matrix.NameIn(layer)) is not { } found)
                    throw Refuse(ErrorCode.ExpertDoesNotFit, $"it has no tensor {Quoted.Name(matrix.NameIn(layer))}");
                if (found.Spec.Shape != wanted.Spec.Shape || !found.Spec.Type.IsFloat)
                    throw Refuse(
                        ErrorCode.ExpertDoesNotFit,
                        $"tensor {Quoted.Name(matrix.NameIn(layer))} is {found.Spec.Type.SafetensorsName}{found.Spec.Shape}, and "
                        + $"{wanted.Spec.Type.SafetensorsName}{wanted.Spec.Shape} in the base model");
            }
        }

        // A model of more layers is another one, whose first layers would be taken without a word.
        if (_tensors.Has(MlpMatrix.Gate.NameIn(dense.Layers)))
            throw Refuse(ErrorCode.ExpertDoesNotFit, $"it has more layers than the base model's {dense.Layers}");
    }

    // An expert is given the base's hidden states, so that its own tokens do not matter much: fine-tuned models often have a few
    // more. One with mostly other tokens is no relative of the base, and its MLPs are noise there.
    private void CheckVocabulary(SourceModel model, DenseModel dense, SourceModel origin)
    {
        if (VocabularyReader.HaveSameFiles(model.Files, origin.Files) && VocabularyReader.HasAny(origin.Files))
            return;
        if (VocabularyReader.TryRead(origin.Files, "base") is { } own && VocabularyReader.TryRead(model.Files, _name) is { } its)
        {
            int smaller = Math.Min(own.Ids.Count, its.Ids.Count);
            int same = own.Ids.Count(pair => its.Find(pair.Key) == pair.Value);
            if (same * 2 < smaller)
                throw Refuse(
                    ErrorCode.ExpertVocabulary,
                    $"{same} of its {its.Ids.Count} tokens are the base model's, which has {own.Ids.Count}");
            if (same < own.Ids.Count || same < its.Ids.Count)
                _remarks.Add(
                    $"{Quoted.Name(_name)}: {its.Ids.Count - same} of its {its.Ids.Count} tokens are not the base's; the output "
                    + "has the base's tokenizer");
            return;
        }

        if (_tensors.Find("model.embed_tokens.weight")?.Spec.Shape.Rows is not { } rows || rows == dense.VocabularyRows)
            return;
        if (Math.Min(rows, dense.VocabularyRows) * 2 < Math.Max(rows, dense.VocabularyRows))
            throw Refuse(
                ErrorCode.ExpertVocabulary, $"its vocabulary has {rows} rows, and the base model's {dense.VocabularyRows}");
        _remarks.Add(
            $"{Quoted.Name(_name)}: its vocabulary has {rows} rows and the base's {dense.VocabularyRows}; the output has the "
            + "base's tokenizer");
    }

    private DemException Refuse(ErrorCode code, string what) => new(code, $"{Expert.Source.Place}: {_name}: {what}")
    {
        Path = _name,
    };
}
