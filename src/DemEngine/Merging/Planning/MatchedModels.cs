using System.Collections.Concurrent;
using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Locating;
using DemEngine.Errors;
using DemEngine.Merging.Cards;
using DemEngine.Merging.Models;
using DemEngine.Merging.Options;
using DemEngine.Merging.Quantizing;
using DemEngine.Merging.Tensors;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>
/// The models of a recipe and of its upstream recipes, opened and matched to each other: everything of a plan that stays the same
/// while only parameters change. From it the tensors of any number of merges can be planned at the cost of solving for their
/// coefficients.
/// </summary>
internal sealed class MatchedModels : IDisposable
{
    // A planned tensor takes about a kilobyte.
    private const int MostKept = 20_000;

    private readonly OpenedModels _opened;
    private readonly MatchedRecipe _result;
    private readonly AlignmentOptions _alignment;
    private readonly Lazy<StatedLicense?> _license;
    private readonly long _maxShardBytes;
    private readonly ImmutableArray<MatchedRecipe> _recipes;
    private readonly QuantizedPlan? _quantized;
    private readonly string? _ggufForm;
    private ShardLayout? _layout;

    private MatchedModels(Recipe recipe, AlignmentOptions alignment, long maxShardBytes, OpenedModels opened)
    {
        _opened = opened;
        _alignment = alignment;
        _license = new Lazy<StatedLicense?>(() => StatedLicense.Common(opened.All));
        _maxShardBytes = maxShardBytes;
        var stages = new List<MatchedRecipe>();
        var models = new SourceModels(opened);
        foreach (Recipe stage in recipe.Stages)
        {
            var matched = new MatchedRecipe(stage, stage.Name!.Value, models, alignment, maxShardBytes);
            stages.Add(matched);
            models.Add(stage.Name.Value, matched.Result);
        }

        _ggufForm = OutputForms.IsGguf(recipe.OutDType?.Value) ? recipe.OutDType!.Value : null;
        _result = new MatchedRecipe(recipe, null, models, alignment, maxShardBytes);
        _recipes = [.. stages, _result];
        SmallFiles = _result.Files;
        if (QuantizedOutputs.Find(recipe.OutDType?.Value) is { } form)
        {
            _quantized = new QuantizedPlan(form, _result.Specs);
            var files = new Dictionary<string, byte[]>(_result.Files, StringComparer.Ordinal);
            if (_quantized.Plain.Length < _result.Specs.Length)
                form.Describe(files, _result.Folder, _quantized.Plain);
            SmallFiles = files;
        }

        Inputs = [.. _result.Inputs, .. stages.SelectMany(stage => stage.Inputs).Distinct().Except(_result.Inputs)];
    }

    /// <summary>All open checkpoints.</summary>
    public ImmutableArray<Checkpoint> Checkpoints => _opened.All;

    /// <summary>
    /// Inputs for the manifest: the base, then the sources in the recipe's order, then those of its upstream recipes.
    /// </summary>
    public ImmutableArray<ManifestInput> Inputs { get; }

    /// <summary>Specifications of the output tensors, the same for every merge.</summary>
    public ImmutableArray<TensorSpec> Specs => _quantized?.Specs ?? _result.Specs;

    /// <summary>Whether the output is written in a quantised form.</summary>
    public bool IsQuantized => _quantized is not null || _ggufForm is not null;

    /// <summary>Path of the folder that supplies the configuration.</summary>
    public string BaseFolder => _result.Folder;

    /// <summary>Small files of the merged model, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> SmallFiles { get; }

    /// <summary>Opens and matches the models of a recipe.</summary>
    /// <param name="recipe">The recipe, with resolved paths.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="run">Run options; the I/O mode and the shard size are used here.</param>
    /// <param name="sources">Models of the recipe that are no files, by name; null for none.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2023: a checkpoint cannot be used or does not match. DEM3003 to DEM3009: the recipe is wrong.
    /// </exception>
    public static MatchedModels Open(Recipe recipe, AlignmentOptions alignment, RunOptions run, ModelSources? sources = null)
    {
        var opened = new OpenedModels(run, sources);
        try
        {
            return new MatchedModels(recipe, alignment, run.MaxShardBytes, opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Plans one merge.</summary>
    /// <param name="recipe">The recipe that was opened, or one that differs from it in parameters only.</param>
    public OutputPlan Plan(Recipe recipe)
    {
        var parameters = new MergeParameters(recipe);
        _layout ??= ShardLayout.Plan(Specs, _maxShardBytes).Under(WeightNames.LikeThose(
            _opened.All.Where(checkpoint => checkpoint.Folder == BaseFolder).SelectMany(checkpoint => checkpoint.Files)));
        ImmutableArray<int> order = _layout.GivenAt;
        var maxima = new ConcurrentDictionary<int, SharedMaxima>();
        OutputTensor PlanPlain(int index) => Plan(index, parameters);
        var outputs = new PlannedOutputs(
            order.Length,
            place => _quantized?.Plan(order[place], PlanPlain, maxima) ?? Plan(order[place], parameters),
            MostKept);
        return new OutputPlan("merge", recipe.ToYaml(), Inputs, Checkpoints, outputs, _layout, SmallFiles)
        {
            Remarks =
            [
                .. _recipes.SelectMany(one => one.Remarks.Concat(one.CheckGradients(parameters))).Distinct(),
                .. new[] { _quantized?.Remark }.OfType<string>(),
            ],
            GgufForm = _ggufForm,
            Card = new ModelCard(recipe, Inputs, _alignment, SmallFiles.Keys, _license),
        };
    }

    /// <summary>Closes the models.</summary>
    public void Dispose() => _opened.Dispose();

    private OutputTensor Plan(int index, MergeParameters parameters)
    {
        var stages = new UpstreamTensors(parameters);
        OutputTensor tensor = _result.Plan(index, stages);
        if (stages.Tensors.Count == 0)
            return tensor;

        // Each output tensor computes its own part of the upstream results, but cross-tensor statistics of those need all of them
        // computed.
        return stages.Tensors.Select(stage => stage.Tensor).Append(tensor).Any(made => made.CrossTensorParts.Count > 0)
            ? throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"tensor {Quoted.Name(tensor.Spec.Name)}: `scope: layer` and `scope: model` are not done where a recipe "
                + "uses another's result by name; merge that first, and name its folder")
            : new ChainedTensor(tensor, stages.Tensors);
    }
}
