using System.Collections.Immutable;
using DemEngine.Checkpoints.Folders;
using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Recipes.Text;
using DemEngine.Vocabularies;

namespace DemEngine.Merging.Tokens;

/// <summary>
/// Plans the vocabulary of a recipe's result: its tokenizer files, and every model's embeddings and output matrix rearranged to
/// its order.
/// </summary>
internal sealed class TokenPlan
{
    private readonly Dictionary<InputModel, InputModel> _rearranged = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<InputModel, TokenModel> _models = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, TokenRowMap> _tables = new(StringComparer.Ordinal);
    private readonly Recipe _recipe;
    private readonly SourceModels _sources;
    private readonly List<string> _remarks = [];

    /// <param name="recipe">Recipe that has a <see cref="Recipe.TokenizerSource"/>.</param>
    /// <param name="baseModel">Model whose side files and tokenizer the result has, unless the recipe says otherwise.</param>
    /// <param name="sources">Other models of the recipe.</param>
    /// <param name="models">Finder of the models that the recipe names.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile), DEM3004 (WrongValue) or DEM3007 (UnsupportedFeature).
    /// </exception>
    public TokenPlan(Recipe recipe, ModelPath baseModel, IEnumerable<RecipeModel> sources, SourceModels models)
    {
        _recipe = recipe;
        _sources = models;
        SourceModel origin = models.Find(baseModel);
        Files = new Dictionary<string, byte[]>(origin.Files, StringComparer.Ordinal);
        if (IsOneTokenizer(origin, sources.Where(source => !source.IsVector).Select(source => models.Find(source.Path))))
            return;

        Vocabulary own = VocabularyReader.Read(origin.Files, baseModel.Written)
            ?? throw recipe.TokenizerSource!.Place.Error(
                ErrorCode.BadSideFile, $"{Quoted.Name(baseModel.Written)} has no tokenizer whose vocabulary could be read");
        AddModel(baseModel, isVector: false, own);
        foreach (RecipeModel source in sources)
            AddModel(source.Path, source.IsVector, own);
        foreach (TokenRule rule in recipe.Tokens)
            CheckRule(rule);
        Vocabulary vocabulary = WriteTokenizer(own, baseModel, sources);
        if (IsKept(vocabulary))
            return;

        int multiple = recipe.PadToMultipleOf ?? 1;
        Rows = (vocabulary.Size + (long)multiple - 1) / multiple * multiple;
        TokenModel[] all = [.. _models.Values];
        Dictionary<string, TokenRule> rules = recipe.Tokens.ToDictionary(rule => rule.Token, StringComparer.Ordinal);
        foreach (string name in all.SelectMany(model => Names(model.Tensors)).Distinct(StringComparer.Ordinal))
            _tables.Add(name, new TokenRowMap(name, vocabulary, Rows.Value, all, rules, FindForRule));
        foreach (TokenModel model in all)
            _rearranged.Add(model.Tensors, Rearrange(model));
        string[] unknown = [.. _tables.Values.SelectMany(table => table.Unknown).Distinct(StringComparer.Ordinal)];
        if (unknown.Length > 0)
            _remarks.Add($"{unknown.Length} tokens are in no model, so their rows are zeros: {Quoted.List(unknown)}");
    }

    /// <summary>Side files of the base, with the tokenizer of the result.</summary>
    public Dictionary<string, byte[]> Files { get; }

    /// <summary>Number of rows of the embeddings; null if they stay as they are.</summary>
    public long? Rows { get; }

    /// <summary>Warnings for the user.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Returns a model of the recipe with its rows rearranged to the order of the result.</summary>
    public InputModel Of(InputModel model) => _rearranged.GetValueOrDefault(model, model);

    private static IEnumerable<string> Names(InputModel model) => model.Tensors
        .Where(tensor => LayerName.IsVocabulary(tensor.Name)
            && LayerName.Parse(tensor.Name).Stack is null
            && tensor.Tensor.Spec is { Type.IsFloat: true, Shape.Dimensions.Length: > 0 })
        .Select(tensor => tensor.Name);

    private static long[] RowCounts(IEnumerable<InputModel> models) =>
        [.. models.SelectMany(model => Names(model).Select(name => model.Find(name)!.Spec.Shape.Rows)).Distinct()];

    /// <summary>
    /// Whether all models have the base's own tokenizer, file by file, or all have none, and the recipe asks for no other. If so,
    /// no row moves and the tokens need not be known.
    /// </summary>
    private bool IsOneTokenizer(SourceModel origin, IEnumerable<SourceModel> others) =>
        _recipe is { TokenizerSource.Path: null, PadToMultipleOf: null, Tokens.Count: 0 }
        && others.All(other => VocabularyReader.HaveSameFiles(other.Files, origin.Files))
        && RowCounts(others.Append(origin).Select(model => model.Tensors)).Length <= 1;

    private void AddModel(ModelPath path, bool isVector, Vocabulary ofBase)
    {
        SourceModel model = _sources.Find(path);
        if (_models.ContainsKey(model.Tensors))
            return;
        Vocabulary? vocabulary = isVector ? ofBase : VocabularyReader.Read(model.Files, path.Written);
        if (vocabulary is null)
            _remarks.Add($"{Quoted.Name(path.Written)} has no tokenizer; its tokens are taken to be the base's");
        _models.Add(model.Tensors, new TokenModel(path.Written, model.Tensors, vocabulary ?? ofBase, isVector));
    }

    /// <summary>Chooses the tokenizer of the result, adds it to <see cref="Files"/> and returns its vocabulary.</summary>
    private Vocabulary WriteTokenizer(Vocabulary own, ModelPath baseModel, IEnumerable<RecipeModel> sources)
    {
        TokenizerSource source = _recipe.TokenizerSource!;
        string owner = (source.Path ?? baseModel).Written;
        Vocabulary vocabulary = own;
        if (source.Path is { } path)
        {
            SideFiles.ReplaceTokenizer(Files, _sources.FilesOf(path), owner);
            vocabulary = VocabularyReader.Read(Files, owner)
                ?? throw source.Place.Error(
                    ErrorCode.BadSideFile, $"{Quoted.Name(owner)} has no tokenizer whose vocabulary could be read");
            _remarks.AddRange(TokenizerSettings.MoveIds(Files, own, vocabulary, baseModel.Written));
        }

        bool isUnion = source.IsUnion
            && _models.Values.Any(model => model.Vocabulary.Ids.Keys.Any(token => vocabulary.Find(token) is null));
        TokenRule[] added = [.. _recipe.Tokens.Where(rule => vocabulary.Find(rule.Token) is null)];
        if (!isUnion && added.Length == 0)
            return vocabulary;

        TokenizerFile tokenizer = Parse(Files, owner, source.Place);
        if (isUnion)
            AddOthers(tokenizer, sources, source.Place);
        foreach (TokenRule rule in added.Where(rule => tokenizer.Vocabulary.Find(rule.Token) is null))
            tokenizer.AddWhole(rule.Token);
        TokenizerSettings.Write(Files, tokenizer, owner);
        return tokenizer.Vocabulary;
    }

    private void AddOthers(TokenizerFile tokenizer, IEnumerable<RecipeModel> sources, SourceLocation place)
    {
        foreach (ModelPath path in sources.Where(model => !model.IsVector)
            .Select(model => model.Path)
            .DistinctBy(path => path.Resolved))
        {
            IReadOnlyDictionary<string, byte[]> files = _sources.Find(path).Files;
            if (VocabularyReader.Read(files, path.Written) is not { } vocabulary
                || vocabulary.Ids.Keys.All(token => tokenizer.Vocabulary.Find(token) is not null))
                continue;
            TokenizerFile other = Parse(files, path.Written, place);
            string[] different = [.. tokenizer.DifferencesTo(other)];
            if (different.Length > 0)
                _remarks.Add(
                    $"the tokenizer of {Quoted.Name(path.Written)} has another {string.Join(" and ", different)} "
                        + "than the base's, which the union keeps");
            tokenizer.AddAll(other);
        }
    }

    private static TokenizerFile Parse(IReadOnlyDictionary<string, byte[]> files, string owner, SourceLocation place) =>
        files.TryGetValue(TokenizerFile.FileName, out byte[]? json)
            ? TokenizerFile.Parse(json, owner)
            : throw place.Error(
                ErrorCode.UnsupportedFeature,
                $"{Quoted.Name(owner)} has no {TokenizerFile.FileName}, "
                    + "the only form of a tokenizer that tokens can be added to or taken from");

    /// <summary>
    /// Whether every model has the output's vocabulary and the same number of rows, so that nothing has to be rearranged. Rows
    /// that belong to no token stay, too.
    /// </summary>
    private bool IsKept(Vocabulary vocabulary) =>
        _recipe.PadToMultipleOf is null
        && !_recipe.Tokens.Any(rule => rule.Force)
        && _models.Values.All(model => model.Vocabulary.Equals(vocabulary))
        && RowCounts(_models.Values.Select(model => model.Tensors)) is { Length: <= 1 } rows
        && rows.All(count => count >= vocabulary.Size);

    private InputModel Rearrange(TokenModel model)
    {
        HashSet<string> names = [.. Names(model.Tensors)];
        return new InputModel(
            model.Tensors.Path,
            [
                .. model.Tensors.Tensors.Select(tensor => names.Contains(tensor.Name)
                    ? tensor with { Tensor = _tables[tensor.Name].Rearrange(model) }
                    : tensor),
            ]);
    }

    private void CheckRule(TokenRule rule)
    {
        var (path, token) = rule.Source switch
        {
            ModelEmbedding from => (from.Model, rule.Token),
            ModelTokenEmbedding from => (from.Model, from.Token),
            _ => default((ModelPath?, string?)),
        };
        if (path is not null && FindForRule(path) is var model && token is not null && model.Vocabulary.Find(token) is null)
            throw TokenRowMap.Lacks(rule, model, token);
    }

    private TokenModel FindForRule(ModelPath path) =>
        _models.GetValueOrDefault(_sources.Find(path).Tensors) is { IsVector: false } model
            ? model
            : throw path.Place.Error(ErrorCode.WrongValue, $"{Quoted.Name(path.Written)} is none of the recipe's models");
}
