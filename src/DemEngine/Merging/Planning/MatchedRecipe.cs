using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
using DemEngine.Merging.Options;
using DemEngine.Merging.Parts;
using DemEngine.Merging.Quantizing;
using DemEngine.Merging.Tensors;
using DemEngine.Merging.Tokens;
using DemEngine.Methods.Definition;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Merging.Planning;

/// <summary>
/// One recipe with its models opened and matched to each other: everything about its result except the parameters.
/// </summary>
internal sealed class MatchedRecipe
{
    private readonly IReadOnlyList<MatchedPart> _parts;
    private readonly AlignedTensors _tensors;
    private readonly int[]? _partOf;
    private readonly PartMatcher _matcher;
    private readonly string _basePath;
    private readonly Lazy<SourceModel> _result;

    /// <param name="recipe">The recipe, with resolved paths.</param>
    /// <param name="stage">Name of the recipe if another uses its result; else null.</param>
    /// <param name="models">Registry that finds models by path or by recipe name.</param>
    /// <param name="alignment">Policies for tensors and vocabularies that do not match.</param>
    /// <param name="maxShardBytes">Maximum data bytes of a shard; see <see cref="ShardLayout.Plan"/>.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2023: a checkpoint cannot be used or does not match. DEM3003 to DEM3009: the recipe is wrong.
    /// </exception>
    public MatchedRecipe(Recipe recipe, string? stage, SourceModels models, AlignmentOptions alignment, long maxShardBytes)
    {
        Stage = stage;
        IMergeMethod method = RecipeCheck.Run(recipe);

        // Without base_model the first model defines the tensors.
        IReadOnlyList<RecipePart> parts = MergeParts.Of(recipe, method);
        ModelPath basePath = recipe.BaseModel ?? parts[0].Models[0].Path;
        SourceModel baseModel = models.FindWhole(basePath);
        RecipeModel[] all = [.. parts.SelectMany(part => part.Models)];
        var tables = new Lazy<TokenTables>(() => TokenTables.Of(
            all.Select(model => (models.Find(model.Path), model.IsVector)).Prepend((baseModel, false))));
        TokenPlan? tokens = recipe.TokenizerSource is null ? null : new TokenPlan(recipe, basePath, all, models, tables.Value);
        var matcher = new PartMatcher(recipe, method, baseModel, models, tokens, tables, alignment);
        _parts = matcher.Parts;
        _matcher = matcher;
        _basePath = basePath.Written;
        _tensors = _parts is [var only] ? only.Tensors : Together(_parts);
        _partOf = _parts.Count == 1 ? null : [.. _parts.SelectMany((part, k) => Enumerable.Repeat(k, part.Tensors.Count))];
        if (matcher.Shared.Count > 0)
            _tensors = WithCopies(matcher.Shared);

        if (_parts.Count > 1 && tokens is null)
            CheckRows(tables.Value);

        IQuantizedOutput? form = QuantizedOutputs.Find(recipe.OutDType?.Value);
        bool isForm = form is not null || OutputForms.IsGguf(recipe.OutDType?.Value);
        if (isForm && stage is not null)
            throw recipe.OutDType!.Place.Error(
                ErrorCode.UnsupportedFeature,
                $"only the last recipe's result can be {recipe.OutDType.Value}; leave it out here");
        ElementType? type =
            (!isForm ? recipe.OutDType ?? recipe.DType : recipe.DType) is { } text
            && ElementTypes.TryParseFloat(text.Value, out ElementType parsed)
                ? parsed
                : null;
        var specs = ImmutableArray.CreateBuilder<TensorSpec>(_tensors.Count);
        for (int k = 0; k < _tensors.Count; k++)
            specs.Add(_tensors.SpecAt(k));
        var buffers = new KeptBuffers(specs, type);
        for (int k = 0; k < specs.Count; k++)
            specs[k] = buffers.Output(specs[k]);
        Specs = specs.MoveToImmutable();
        IEnumerable<RecipeModel> sources = parts.SelectMany(part =>
            BasePart.Sources(part, TakenAsIs.OrMethod(part, method)).Select(k => part.Models[k]));
        IEnumerable<ManifestInput> inputs = sources
            .Select(model => (Role: model.IsVector ? "vector" : "model", model.Path)).Prepend((Role: "base", Path: basePath))
            .Where(input => !input.Path.IsStage)
            .Select(input => new ManifestInput(input.Role, input.Path.Written, models.Find(input.Path).Fingerprint!));
        Inputs = [.. parts.Count == 1 ? inputs : inputs.Distinct()];

        var files = tokens?.Files ?? new Dictionary<string, byte[]>(baseModel.Files, StringComparer.Ordinal);
        VocabularyRows? cut = _parts.Select(part => part.VocabularyRows).FirstOrDefault(rows => rows is not null);
        IReadOnlyList<string> ofTokens = tokens is not null
            ? tokens.Remarks
            :
            [
                .. TokenizerComparison.Remarks(baseModel, basePath.Written, all, models),
                .. TokenizerCut.Apply(files, cut, basePath),
            ];
        (tokens?.Rows ?? cut)?.StateIn(files, baseModel.Files);
        IReadOnlyList<string> remarks = OutputConfig.Amend(files, basePath.Written, type, matcher.Stacks);
        if (matcher.IsUntied)
            EmbeddingTie.Untie(files);
        ModelPath[] whole =
        [
            .. parts.SelectMany(part => part.Models).Where(model => !model.IsVector).Select(model => model.Path)
                .Prepend(basePath)
                .DistinctBy(path => path.Resolved),
        ];
        IReadOnlyList<string> ofTemplate = ChatTemplatePlan.Apply(recipe, whole, models, files);
        IEnumerable<string> ofConfigs = ConfigDifferences.Of(
            basePath.Written, baseModel.Files, whole.Skip(1).Select(path => (path.Written, models.Find(path).Files)));
        Files = files;
        Remarks =
        [
            .. RecipeRemarks.Of(recipe, method),
            .. all.Select(model => model.Path).Prepend(basePath).DistinctBy(path => path.Resolved)
                .SelectMany(path => models.Find(path).Checkpoint?.DecodingRemarks ?? []),
            .. ofTokens,
            .. matcher.Remarks,
            .. remarks,
            .. ofTemplate,
            .. ofConfigs,
            .. new[] { buffers.Remark }.OfType<string>(),
            .. stage is null ? baseModel.FileRemarks : [],
        ];

        Folder = baseModel.Folder;
        ImmutableArray<ImmutableArray<string>> ties =
            [.. matcher.Shared.Select(pair => ImmutableArray.Create(pair.Value, pair.Key))];
        _result = new(() => ResultOf(maxShardBytes, new FolderFiles(files, baseModel.FileRemarks), ties));
    }

    /// <summary>Name of the recipe if another uses its result; else null.</summary>
    public string? Stage { get; }

    /// <summary>Specifications of the result's tensors, in the order in which they are written.</summary>
    public ImmutableArray<TensorSpec> Specs { get; }

    /// <summary>
    /// Inputs for the manifest: the base, then the sources in the recipe's order, without upstream results. A recipe with several
    /// parts lists each input once.
    /// </summary>
    public ImmutableArray<ManifestInput> Inputs { get; }

    /// <summary>Small files of the result, by name.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; }

    /// <summary>Warnings for the user.</summary>
    public IReadOnlyList<string> Remarks { get; }

    /// <summary>Path of the folder that supplies the configuration.</summary>
    public string Folder { get; }

    /// <summary>The result as a model that downstream recipes can name.</summary>
    public SourceModel Result => _result.Value;

    /// <summary>Plans one tensor of the result.</summary>
    /// <param name="index">Index of the tensor in <see cref="Specs"/>.</param>
    /// <param name="stages">Upstream results that the tensor may be made from, with the parameters of all recipes.</param>
    public OutputTensor Plan(int index, UpstreamTensors stages)
    {
        int part = PartOf(index);
        return _parts[part].Plan(_tensors[index], Specs[index].Type, stages.Parameters.PartsOf(Stage)[part], stages);
    }

    // Mostly a recipe has one part, and a model may have half a million tensors.
    private int PartOf(int index) => _partOf?[index] ?? 0;

    private static AlignedTensors Together(IEnumerable<MatchedPart> parts)
    {
        AlignedTensor[] all = [.. parts.SelectMany(part => part.Tensors)];
        return new AlignedTensors(all.Length, k => all[k], k => all[k].Spec);
    }

    // A copy is made from what the tensor that it is tied to is made from, wherever in the recipe that lies.
    private AlignedTensors WithCopies(IReadOnlyDictionary<string, string> shared)
    {
        HashSet<string> names = [.. shared.Keys, .. shared.Values];
        var byName = new Dictionary<string, (int Index, AlignedTensor Tensor)>(StringComparer.Ordinal);
        AlignedTensors tensors = _tensors;
        for (int k = 0; k < tensors.Count; k++)
        {
            if (names.Contains(tensors.SpecAt(k).Name))
                byName.Add(tensors.SpecAt(k).Name, (k, tensors[k]));
        }

        var copies = new Dictionary<int, AlignedTensor>();
        foreach (var (copy, original) in shared)
        {
            if (byName.TryGetValue(copy, out var made) && byName.TryGetValue(original, out var of)
                && made.Tensor.Spec.Shape == of.Tensor.Spec.Shape)
            {
                copies.Add(made.Index, of.Tensor with { Spec = made.Tensor.Spec, ComputedAs = original });
                if (_partOf is not null)
                    _partOf[made.Index] = _partOf[of.Index];
            }
        }

        return new AlignedTensors(tensors.Count, k => copies.GetValueOrDefault(k) ?? tensors[k], tensors.SpecAt);
    }

    /// <summary>
    /// Checks the gradients of a recipe, and says for how many tensors they count where the position in the network does not.
    /// </summary>
    /// <param name="parameters">Parameters of all recipes.</param>
    /// <returns>A warning for the user, or none.</returns>
    /// <exception cref="DemException">DEM2029 (NoLayers): the model has no layers that a gradient could follow.</exception>
    public IEnumerable<string> CheckGradients(MergeParameters parameters)
    {
        IReadOnlyList<PartParameters> ofParts = parameters.PartsOf(Stage);
        if (!_parts.Where((part, k) => part.HasGradients(ofParts[k])).Any())
            return [];
        var afterLayers = new List<string>();
        for (int k = 0; k < _tensors.Count; k++)
        {
            AlignedTensor tensor = _tensors[k];
            int part = PartOf(k);
            if (_parts[part].GradientsAt(tensor, ofParts[part]).FirstOrDefault() is not { } gradient)
                continue;
            if (!_matcher.HasLayers)
                throw gradient.Place.Error(
                    ErrorCode.NoLayers,
                    $"a gradient follows the layers, and the names of the tensors of {Quoted.Name(_basePath)} show none");
            if (_parts[part].IsReadAtFirst(tensor))
                afterLayers.Add(tensor.Spec.Name);
        }

        return afterLayers.Count == 0
            ? []
            : [
                $"{afterLayers.Count} tensors after the layers have the first number of gradients, as in mergekit: "
                + $"{Quoted.List(afterLayers)} (`gradient_after_layers: last` gives them the last one)",
            ];
    }

    /// <summary>Refuses parts whose rows are of different vocabularies, as an embedding and an output matrix can be.</summary>
    private void CheckRows(TokenTables tables)
    {
        var found = _tensors
            .Select(tensor => (Tensor: tensor, Table: tables.Of(tensor.Base)))
            .Where(pair => pair.Table is { IsPerLayer: false })
            .Select(pair => (pair.Tensor.Spec.Name, Rows: pair.Table!.Axis.Tokens(pair.Tensor.Spec.Shape) - pair.Table.Extra))
            .ToArray();
        if (found.Length > 0 && found.FirstOrDefault(one => one.Rows != found[0].Rows) is { Name: { } name, Rows: var rows })
            throw new DemException(
                ErrorCode.VocabularyMismatch,
                $"the parts of the recipe have vocabularies of their own: {Quoted.Name(found[0].Name)} has {found[0].Rows} rows "
                + $"and {Quoted.Name(name)} {rows}",
                remedy: "Give the output one vocabulary, with `tokenizer_source` in the recipe.");
    }

    private SourceModel ResultOf(long maxShardBytes, FolderFiles files, ImmutableArray<ImmutableArray<string>> ties)
    {
        // The tensors have the order that they would have in files, so that a result used directly and one written first look the
        // same.
        Dictionary<string, int> places = Specs.Select((spec, k) => (spec.Name, k)).ToDictionary(StringComparer.Ordinal);
        return new SourceModel(
            new InputModel(
                Stage ?? "result",
                [
                    .. ShardLayout.Plan(Specs, maxShardBytes).Tensors
                        .Select(tensor => new NamedInput(tensor.Spec.Name, InputOf(places[tensor.Spec.Name]))),
                ]),
            Folder,
            files,
            ties);
    }

    private UpstreamReference InputOf(int index) => new(Specs[index], Stage ?? "", results => Plan(index, results));
}
