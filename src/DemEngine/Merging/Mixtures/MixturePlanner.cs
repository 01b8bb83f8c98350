using System.Collections.Immutable;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Merging.Mixtures;

/// <summary>
/// Plans mixtures of experts that are built from dense models: everything but the MLPs from the base model, the MLPs of each
/// source as the experts of their layers, and a router for each layer.
/// </summary>
public sealed class MixturePlanner
{
    /// <summary>Name under which the recipe lies beside the weights, as mergekit-moe has it.</summary>
    public const string RecipeFileName = "mergekit_moe_config.yml";

    private readonly MixtureRecipe _recipe;
    private readonly SourceModels _models;
    private readonly SourceModel _origin;
    private readonly DenseModel _dense;
    private readonly MixtureLayout _layout;
    private readonly ImmutableArray<ExpertModel> _experts;
    private readonly ImmutableArray<ExpertModel> _shared;
    private readonly RouterRows? _routers;
    private readonly ElementType? _type;

    private MixturePlanner(MixtureRecipe recipe, SourceModels models, IPromptVectors? prompts)
    {
        _recipe = recipe;
        _models = models;
        _origin = models.FindWhole(recipe.BaseModel);
        _dense = new DenseModel(_origin, recipe.BaseModel);
        _layout = MixtureLayouts.Choose(recipe, _dense.Architecture.ModelType);
        ExpertModel Open(MixtureExpert expert, int place) => new(
            expert, Formula.Source(place), models.FindWhole(expert.Source), _dense, _origin);
        _experts = [.. recipe.Experts.Select((expert, k) => Open(expert, k + 1))];
        _shared = [.. recipe.SharedExperts.Select((expert, k) => Open(expert, _experts.Length + k + 1))];
        _type = recipe.DType is { } text && ElementTypes.TryParseFloat(text.Value, out ElementType type) ? type : null;
        if (recipe.GateMode.NeedsPrompts())
            _routers = new RouterRows(
                recipe,
                prompts ?? throw new ArgumentNullException(nameof(prompts), $"gate mode {recipe.GateMode.Word()} needs them"),
                _dense.Layers,
                _dense.HiddenSize);
    }

    /// <summary>Plans a mixture.</summary>
    /// <param name="recipe">The recipe, with resolved paths.</param>
    /// <param name="run">Run options; the I/O mode and the shard size are used here.</param>
    /// <param name="prompts">
    /// What computes vectors of prompts with the base model; null where the recipe's gate mode is a random one.
    /// </param>
    /// <param name="sources">Models of the recipe that are no files, by name; null for none.</param>
    /// <returns>The plan with the models that it opened; the caller must dispose of it.</returns>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2037: a checkpoint cannot be used. DEM2051 to DEM2053: a model does not fit. DEM3004, DEM3010 to DEM3013:
    /// the recipe is wrong. Or any error of <see cref="IPromptVectors.Check"/>.
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="prompts"/> is null and the gate mode needs them.</exception>
    public static MixturePlan Plan(
        MixtureRecipe recipe, RunOptions run, IPromptVectors? prompts = null, ModelSources? sources = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(run);
        MixtureCheck.Run(recipe, recipe.Place);
        var opened = new OpenedModels(run, sources);
        try
        {
            var planner = new MixturePlanner(recipe, new SourceModels(opened), prompts);
            return new MixturePlan(planner.Plan(run, opened), opened, planner._routers);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private OutputPlan Plan(RunOptions run, OpenedModels opened)
    {
        OutputTensor[] tensors = [.. Tensors()];
        var files = new Dictionary<string, byte[]>(_origin.Files, StringComparer.Ordinal);
        IEnumerable<string> remarks = Describe(files);
        string text = _recipe.ToYaml();
        if (run.Card)
            files[RecipeFileName] = Encoding.UTF8.GetBytes(text);
        return new OutputPlan(
            "moe",
            text,
            [
                Input("base", _recipe.BaseModel),
                .. _recipe.AllExperts.Select(expert => Input("expert", expert.Source)),
            ],
            opened.All,
            tensors,
            ShardLayout.Plan(tensors.Select(tensor => tensor.Spec), run.MaxShardBytes),
            files)
        {
            Remarks =
            [
                .. opened.All.SelectMany(model => model.DecodingRemarks),
                .. _experts.Concat(_shared).SelectMany(expert => expert.Remarks).Distinct(),
                .. Alike(),
                .. remarks,
                .. _origin.FileRemarks,
            ],
        };
    }

    private ManifestInput Input(string role, ModelPath path) => new(role, path.Written, _models.Find(path).Fingerprint!);

    private IEnumerable<string> Describe(Dictionary<string, byte[]> files)
    {
        string[] remarks = [.. _layout.Describe(_dense.Config, _recipe)];
        files[ModelConfig.FileName] = IndentedJson.Write(_dense.Config);
        if (_type is { } type)
            ModelConfig.StateType(files, _recipe.BaseModel.Written, type);
        return remarks;
    }

    private IEnumerable<string> Alike() => _recipe.AllExperts.Select(expert => expert.Source.Resolved).Distinct().Count() == 1
        ? ["all experts are the same model, so that the mixture computes what that does until it is trained"]
        : [];

    private IEnumerable<OutputTensor> Tensors()
    {
        foreach (NamedInput tensor in _dense.Tensors.Tensors.Where(tensor => DenseModel.IsCarried(tensor.Name)))
            yield return new CarriedTensor(
                Spec(tensor.Name, tensor.Tensor),
                tensor.Tensor,
                new PlannedSource(Formula.Base, _recipe.BaseModel.Written, tensor.Spec.Name));
        for (int layer = 0; layer < _dense.Layers; layer++)
        {
            foreach (OutputTensor tensor in Biases(layer).Concat(Routers(layer)))
                yield return tensor;
            for (int expert = 0; expert < _experts.Length; expert++)
            {
                foreach (MlpMatrix matrix in MlpMatrices.All)
                    yield return Matrix(_experts[expert], matrix, layer, _layout.Expert(layer, expert, matrix));
            }

            foreach (ExpertModel shared in _shared)
            {
                foreach (MlpMatrix matrix in MlpMatrices.All)
                    yield return Matrix(shared, matrix, layer, _layout.Shared(layer, matrix));
            }
        }
    }

    private CarriedTensor Matrix(ExpertModel model, MlpMatrix matrix, int layer, string name)
    {
        TensorReader tensor = model.Matrix(matrix, layer);
        MixtureExpert expert = model.Expert;
        return new CarriedTensor(
            Spec(name, _dense.Require(matrix.NameIn(layer))),
            tensor,
            new PlannedSource(model.Symbol, expert.Source.Written, tensor.Spec.Name),
            matrix == MlpMatrix.Down ? expert.ResidualScale : 1,
            expert.NoiseScale,
            _recipe.Seed);
    }

    private IEnumerable<OutputTensor> Biases(int layer)
    {
        foreach (string bias in _layout.NeedsBiases ? DenseArchitecture.Biases : [])
        {
            string name = $"model.layers.{layer}.{bias}";
            if (_dense.Tensors.Has(name))
                continue;
            TensorReader matrix = _dense.Require(name.Replace(".bias", ".weight", StringComparison.Ordinal));
            TensorSpec spec = Spec(name, matrix) with { Shape = new TensorShape(matrix.Spec.Shape.Rows) };
            yield return new SmallTensor(spec, "0", _ => 0);
        }
    }

    private IEnumerable<OutputTensor> Routers(int layer)
    {
        // The warning about all layers is the first router's.
        yield return Router(
            _layout.Router(layer), layer, 0, _experts.Length, () => layer == 0 ? _routers?.Remark(_experts.Length) : null);
        if (_shared.Length > 0 && _layout.SharedGate(layer) is { } gate)
            yield return Router(gate, layer, _experts.Length, _shared.Length, () => null);
    }

    private SmallTensor Router(string name, int layer, int first, int count, Func<string?> remark)
    {
        int hidden = _dense.HiddenSize;
        TensorSpec like = Spec(name, _dense.Require(MlpMatrix.Gate.NameIn(layer)));
        TensorSpec spec = like with { Shape = new TensorShape(count, hidden) };
        if (_routers is { } rows)
            return new SmallTensor(
                spec,
                $"router from prompts ({_recipe.GateMode.Word()})",
                index => rows.Compute()[layer][first + (int)(index / hidden)][(int)(index % hidden)],
                remark);
        if (_recipe.GateMode == GateMode.Random)
        {
            var normal = new NormalNumbers(name, _recipe.Seed);
            return new SmallTensor(spec, "router of random numbers", index => normal[index]);
        }

        var uniform = new UniformNumbers(name, _recipe.Seed);
        double bound = 1 / Math.Sqrt(hidden);
        return new SmallTensor(spec, "router of uniform random numbers", index => uniform[index] * bound);
    }

    // The base's type counts for experts, too: a layer of mixed types would be loaded as one.
    private TensorSpec Spec(string name, TensorReader like) => new(
        name, like.Spec.Type.IsFloat ? _type ?? like.ModelType : like.Spec.Type, like.Spec.Shape);
}
