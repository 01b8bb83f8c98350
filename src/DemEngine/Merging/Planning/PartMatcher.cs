using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
using DemEngine.Merging.Names;
using DemEngine.Merging.Options;
using DemEngine.Merging.Parts;
using DemEngine.Merging.Tokens;
using DemEngine.Methods.Definition;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>Opens the models of a recipe and matches them to each other, part by part.</summary>
internal sealed class PartMatcher
{
    private readonly IMergeMethod _method;
    private readonly SourceModels _models;
    private readonly TokenPlan? _tokens;
    private readonly Lazy<TokenTables> _tables;
    private readonly AlignmentOptions _alignment;
    private readonly AfterLayers _afterLayers;
    private readonly ExpertStyle _style;
    private readonly InputModel _base;
    private readonly Dictionary<(string Path, string? Module), LayerMap> _layers = [];
    private readonly List<MatchedPart> _parts = [];
    private readonly List<SlicedStack> _stacks = [];
    private readonly Dictionary<SourceModel, InputModel> _aligned = [];
    private readonly TieAlignment _ties;
    private readonly List<string> _remarks = [];
    private (InputModel Model, NetworkLayers Layers)? _network;

    /// <param name="recipe">The recipe, with resolved paths.</param>
    /// <param name="method">The recipe's merge method.</param>
    /// <param name="baseModel">The model that supplies the output's configuration.</param>
    /// <param name="models">Registry that finds models by path or by recipe name.</param>
    /// <param name="tokens">
    /// Plan that reorders vocabulary rows to the output's vocabulary; null if the rows stay as they are.
    /// </param>
    /// <param name="tables">Tensors of the recipe's models that have a row for each token.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    public PartMatcher(
        Recipe recipe,
        IMergeMethod method,
        SourceModel baseModel,
        SourceModels models,
        TokenPlan? tokens,
        Lazy<TokenTables> tables,
        AlignmentOptions alignment)
    {
        _method = method;
        _alignment = alignment;
        _style = ExpertStyle.Of(baseModel.Files);
        _base = Stored(baseModel.Tensors);
        _models = models;
        _tokens = tokens;
        _tables = tables;
        _afterLayers = recipe.GradientAfterLayers;
        _ties = AlignTies(recipe, baseModel);
        _base = _aligned[baseModel];
        ModuleTensors.Check(_base, recipe.Modules);
        foreach (IGrouping<string?, RecipePart> module in MergeParts.Of(recipe, method).GroupBy(part => part.Module))
        {
            RecipePart[] parts = [.. module];
            if (parts[0].IsSlice)
                MatchSlices(parts);
            else
                MatchWhole(parts[0]);
        }
    }

    /// <summary>The matched parts, in the recipe's order.</summary>
    public IReadOnlyList<MatchedPart> Parts => _parts;

    /// <summary>Notes on how the models' tensors were matched.</summary>
    public IEnumerable<string> Remarks => [.. _remarks, .. _ties.Remarks, .. _parts.SelectMany(part => part.Remarks)];

    /// <summary>Names of tensors that are copies of another, with the other's name.</summary>
    public IReadOnlyDictionary<string, string> Shared => _ties.Shared;

    /// <summary>Whether the output has an output matrix of its own, where the base's configuration does not say so.</summary>
    public bool IsUntied => _ties.IsUntied;

    /// <summary>Whether the names of the base's tensors show any layers.</summary>
    public bool HasLayers => LayersOf(_base).Stacks.Count > 0;

    /// <summary>The stacks of layers that were assembled from slices.</summary>
    public IReadOnlyList<SlicedStack> Stacks => _stacks;

    private void MatchWhole(RecipePart part)
    {
        ModelPath basePath = (TakenAsIs.Applies(part, _method) ? null : part.BaseModel) ?? part.Models[0].Path;
        InputModel baseModel = TensorsOf(_models.FindWhole(basePath), part.Module);
        Match(
            part,
            basePath,
            baseModel,
            new LayerDepth(() => LayersOf(baseModel)),
            model => TensorsOf(_models.FindSource(part.Models[model], basePath), part.Module));
    }

    private void MatchSlices(RecipePart[] parts)
    {
        var runs = new List<SlicedRun>();
        int first = 0;
        foreach (RecipePart part in parts)
        {
            // The base defines the tensors if the slice includes it; otherwise the first source does.
            int named = Math.Max(0, BasePart.InSlice(part, TakenAsIs.OrMethod(part, _method)));
            ModelPath basePath = part.Models[named].Path;
            SourceModel baseModel = _models.FindWhole(basePath);
            InputModel Cut(int model, LayerDepth? depths = null) => LayersOf(part, model, basePath).Slice(
                part.Layers[model], first, withBefore: part == parts[0], withAfter: part == parts[^1], depths);
            var depth = new LayerDepth();
            Match(part, basePath, Cut(named, depth), depth, model => Cut(model));
            runs.Add(new SlicedRun(baseModel, basePath.Written, LayersOf(part, named, basePath), part.Layers[named]));
            first += part.Layers[named].Count;
        }

        var ofBase = new LayerMap(ModuleTensors.Of(_base, parts[0].Module));
        if (runs.FirstOrDefault(run => run.Map.IsThroughStages && run.Map.Count != first) is { } staged)
            throw staged.Map.StagesDiffer();
        _stacks.Add(new SlicedStack(ofBase, runs));
    }

    private void Match(
        RecipePart part, ModelPath basePath, InputModel baseModel, LayerDepth depth, Func<int, InputModel> tensorsOf)
    {
        IMergeMethod method = TakenAsIs.OrMethod(part, _method);
        int[] sources = [.. BasePart.Sources(part, method)];
        AlignedSource[] aligned =
            [
                .. sources.Select(k =>
                    new AlignedSource(Quoted.Name(part.Models[k].Path.Written), tensorsOf(k), part.Models[k].IsVector)),
            ];
        string[] models = [basePath.Written, .. sources.Select(k => part.Models[k].Path.Written)];
        _parts.Add(new MatchedPart(
            method,
            BasePart.IsSubtracted(part, method),
            sources,
            models,
            baseModel,
            aligned,
            depth,
            _afterLayers,
            _tables,
            _alignment));
    }

    // Finding the layers takes long in a model of many tensors, and only gradients and slices need them. Mostly it is the whole
    // base that is asked for.
    private NetworkLayers LayersOf(InputModel model)
    {
        if (_network?.Model != model)
            _network = (model, new NetworkLayers(model.Tensors.Select(tensor => tensor.Name)));
        return _network.Value.Layers;
    }

    private InputModel TensorsOf(SourceModel model, string? module) => ModuleTensors.Of(_aligned[model], module);

    // Names and ties are aligned before modules and layers are looked for in them.
    private TieAlignment AlignTies(Recipe recipe, SourceModel baseModel)
    {
        SourceModel[] all =
        [
            .. MergeParts.Of(recipe, _method)
                .SelectMany(part => part.Models.Select(model => model.Path).Concat(part.BaseModel is { } path ? [path] : []))
                .Select(_models.Find).Prepend(baseModel).Distinct(),
        ];
        var ties = new TieAlignment([.. all.Select(model => Describe(model, baseModel))]);
        for (int k = 0; k < all.Length; k++)
            _aligned.Add(all[k], ties.Models[k]);
        return ties;
    }

    private TiedModel Describe(SourceModel model, SourceModel baseModel)
    {
        InputModel tensors = _tokens?.Of(model.Tensors) ?? model.Tensors;
        string name = Quoted.Name(tensors.Path);
        if (_models.PlansOnly && model.Checkpoint is not null && !model.Ties.IsEmpty)
            _remarks.Add(
                $"{name}: {Quoted.List([.. model.Ties.SelectMany(group => group)])} are the same in samples; "
                + "a run reads them whole to be sure");
        return new TiedModel(
            model == baseModel ? Stored(tensors) : Align(model, tensors, name),
            model.Ties,
            EmbeddingTie.Read(model.Files),
            model.Files.ContainsKey(ModelConfig.FileName),
            name);
    }

    private InputModel Align(SourceModel model, InputModel tensors, string name) => ExpertAlignment.Align(
        (_base, _style),
        (NameAlignment.Align(_base, tensors, name, _remarks), ExpertStyle.Of(model.Files)),
        name,
        _remarks);

    /// <summary>Shows the base's experts as the output stores them.</summary>
    private InputModel Stored(InputModel tensors) => _alignment.Experts == ExpertStorage.AsBase
        ? tensors
        : ExpertAlignment.Store(tensors, _alignment.Experts == ExpertStorage.Separate, _style);

    private LayerMap LayersOf(RecipePart part, int index, ModelPath basePath)
    {
        RecipeModel model = part.Models[index];
        if (!_layers.TryGetValue((model.Path.Resolved, part.Module), out LayerMap? layers))
        {
            layers = new LayerMap(TensorsOf(_models.FindSource(model, basePath), part.Module));
            _layers.Add((model.Path.Resolved, part.Module), layers);
        }

        if (layers.Stacks.Length != 1)
        {
            throw model.Place.Error(ErrorCode.UnsupportedFeature, layers.Stacks.Length == 0
                ? "the tensors' names show no layers, so that no slice can be cut"
                : $"the model has several stacks of layers ({string.Join(", ", layers.Stacks)}); "
                    + "slices of each go under \"modules\"");
        }

        return part.Layers[index].End <= layers.Count
            ? layers
            : throw model.Place.Error(
                ErrorCode.WrongValue,
                $"layer_range [{part.Layers[index].First}, {part.Layers[index].End}] goes beyond "
                + $"the {layers.Count} layers of {Quoted.Name(model.Path.Written)}"
                + (layers.PredictionLayers == 0 ? "" : "; what predicts further tokens follows the last slice by itself"));
    }
}
