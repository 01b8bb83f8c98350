using System.Collections.Immutable;
using DemEngine.Checkpoints.Folders;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Models;
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
    private readonly Dictionary<string, TokenModel> _byPath = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TokenRowMap> _tables = new(StringComparer.Ordinal);
    private readonly Recipe _recipe;
    private readonly SourceModels _sources;
    private readonly TokenTables _found;
    private readonly List<string> _remarks = [];

    /// <param name="recipe">Recipe that has a <see cref="Recipe.TokenizerSource"/>.</param>
    /// <param name="baseModel">Model whose side files and tokenizer the result has, unless the recipe says otherwise.</param>
    /// <param name="sources">Other models of the recipe.</param>
    /// <param name="models">Finder of the models that the recipe names.</param>
    /// <param name="tables">Tensors of these models that have a row for each token.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile), DEM2030 (UnknownVocabularyTensor), DEM3004 (WrongValue) or DEM3007 (UnsupportedFeature).
    /// </exception>
    public TokenPlan(
        Recipe recipe, ModelPath baseModel, IEnumerable<RecipeModel> sources, SourceModels models, TokenTables tables)
    {
        _recipe = recipe;
        _sources = models;
        _found = tables;
        SourceModel origin = models.Find(baseModel);
        Files = new Dictionary<string, byte[]>(origin.Files, StringComparer.Ordinal);
        if (IsOneTokenizer(
            origin, [.. sources.Where(source => !source.IsVector).Select(source => models.Find(source.Path))]))
            return;

        Vocabulary own = VocabularyReader.Read(origin.Files, baseModel.Written)
            ?? throw NoTokenizer(recipe.TokenizerSource!.Place, baseModel.Written);
        AddModel(baseModel, isVector: false, own);
        foreach (RecipeModel source in sources)
            AddModel(source.Path, source.IsVector, own);
        foreach (TokenRule rule in recipe.Tokens)
            CheckRule(rule);
        Vocabulary vocabulary = WriteTokenizer(own, baseModel, sources);
        if (IsKept(vocabulary))
            return;

        tables.RefuseDoubtful();
        if (tables.ByName.Count == 0)
            throw new DemException(
                ErrorCode.UnknownVocabularyTensor,
                $"{Quoted.Name(baseModel.Written)}: no tensor is known to have a row for each token, "
                    + "so that none can be rearranged",
                remedy: "Put the model's own config.json, which states vocab_size, beside the weights.");
        Rearrange(vocabulary);
    }

    /// <summary>Side files of the base, with the tokenizer of the result.</summary>
    public Dictionary<string, byte[]> Files { get; }

    /// <summary>Numbers of rows of the vocabulary's tensors; null if they stay as they are.</summary>
    public VocabularyRows? Rows { get; private set; }

    /// <summary>Warnings for the user.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Returns a model of the recipe with its rows rearranged to the order of the result.</summary>
    public InputModel Of(InputModel model) => _rearranged.GetValueOrDefault(model, model);

    private static DemException NoTokenizer(SourceLocation place, string model) => new(
        ErrorCode.BadSideFile,
        $"{place}: {Quoted.Name(model)} has no tokenizer whose vocabulary could be read",
        remedy: VocabularyReader.FetchTokenizer);

    /// <summary>Whether every table has the same number of rows in all models that have it.</summary>
    private bool HaveSameRows(IReadOnlyCollection<InputModel> models) => _found.ByName.Values.All(table => models
        .Select(model => model.Find(table.Name))
        .OfType<TensorReader>()
        .Select(table.TokensOf)
        .Distinct()
        .Count() <= 1)
        && models.Select(_found.RowsOf).Distinct().Count() <= 1;

    /// <summary>
    /// Whether all models have the base's own tokenizer, file by file, or all have none, and the recipe asks for no other. If so,
    /// no row moves and the tokens need not be known.
    /// </summary>
    private bool IsOneTokenizer(SourceModel origin, IReadOnlyCollection<SourceModel> others) =>
        _recipe is { TokenizerSource.Path: null, PadToMultipleOf: null, Tokens.Count: 0 }
        && others.All(other => VocabularyReader.HaveSameFiles(other.Files, origin.Files))
        && HaveSameRows([.. others.Append(origin).Select(model => model.Tensors)])
        && !HasTokensWithoutRow(origin);

    private bool HasTokensWithoutRow(SourceModel origin) =>
        _found.IdsOf(origin.Tensors) is > 0 and var ids
        && VocabularyReader.TryRead(origin.Files, origin.Tensors.Path)?.Size > ids;

    private void AddModel(ModelPath path, bool isVector, Vocabulary ofBase)
    {
        SourceModel model = _sources.Find(path);
        if (_models.ContainsKey(model.Tensors))
            return;
        Vocabulary? vocabulary = isVector ? ofBase : VocabularyReader.Read(model.Files, path.Written);
        if (vocabulary is null)
            _remarks.Add($"{Quoted.Name(path.Written)} has no tokenizer; its tokens are taken to be the base's");
        long ids = _found.IdsOf(model.Tensors);
        var added = new TokenModel(
            path.Written,
            model.Tensors,
            ids == 0 ? vocabulary ?? ofBase : (vocabulary ?? ofBase).Below(ids),
            _found.RowsOf(model.Tensors) ?? 0,
            isVector);
        _models.Add(model.Tensors, added);
        _byPath[path.Resolved] = added;
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
            vocabulary = VocabularyReader.Read(Files, owner) ?? throw NoTokenizer(source.Place, owner);
        }

        long rows = RowsFor(vocabulary, source.Path ?? baseModel);
        Vocabulary kept = vocabulary.Below(rows);
        bool isUnion = source.IsUnion
            && _models.Values.Any(model => model.Vocabulary.Ids.Keys.Any(token => kept.Find(token) is null));
        TokenRule[] added = [.. _recipe.Tokens.Where(rule => kept.Find(rule.Token) is null)];
        if (isUnion || added.Length > 0 || rows < vocabulary.Size)
        {
            TokenizerFile tokenizer = Parse(Files, owner, source.Place);
            IReadOnlyList<string> removed = Cut(tokenizer, (int)Math.Min(rows, int.MaxValue), owner);
            if (isUnion)
                AddOthers(tokenizer, sources, source.Place);
            foreach (TokenRule rule in added.Where(rule => tokenizer.Vocabulary.Find(rule.Token) is null))
                tokenizer.AddWhole(rule.Token);
            _remarks.AddRange(TokenizerSettings.Write(Files, tokenizer, removed, owner));
            kept = tokenizer.Vocabulary;
        }

        if (!kept.Equals(own))
            _remarks.AddRange(TokenIds.Move(Files, own, kept, baseModel.Written));
        return kept;
    }

    /// <summary>
    /// Returns the number of ids of a tokenizer that have a row: in the model that it belongs to, or, where that is none of the
    /// recipe's, in any model.
    /// </summary>
    private long RowsFor(Vocabulary vocabulary, ModelPath owner)
    {
        if (_byPath.GetValueOrDefault(owner.Resolved) is { IsVector: false } model)
            return _found.IdsOf(model.Tensors) is > 0 and var ids ? ids : vocabulary.Size;
        if (VocabularySizes.Of(_sources.FilesOf(owner), owner.Written)?.Main(() => vocabulary.Size) is not { } stated)
            return vocabulary.Size;
        return vocabulary.Ids
            .Where(pair => _models.Values.Any(model => !model.IsVector && model.Vocabulary.Find(pair.Key) is not null))
            .Select(pair => pair.Value + 1L)
            .DefaultIfEmpty()
            .Max() is var last && last > stated ? last : stated;
    }

    /// <summary>Removes tokens without a row, which a model could never put out.</summary>
    private IReadOnlyList<string> Cut(TokenizerFile tokenizer, int rows, string owner)
    {
        IReadOnlyList<string> removed = tokenizer.CutTo(rows);
        if (removed.Count > 0)
            _remarks.Add(
                $"{removed.Count} tokens of the tokenizer of {Quoted.Name(owner)} have no row there "
                    + $"and are left out of the output's: {Quoted.List(removed)}");
        return removed;
    }

    private void AddOthers(TokenizerFile tokenizer, IEnumerable<RecipeModel> sources, SourceLocation place)
    {
        foreach (ModelPath path in sources.Where(model => !model.IsVector)
            .Select(model => model.Path)
            .DistinctBy(path => path.Resolved))
        {
            IReadOnlyDictionary<string, byte[]> files = _sources.Find(path).Files;
            TokenModel model = _models[_sources.Find(path).Tensors];
            Vocabulary present = tokenizer.Vocabulary;
            if (VocabularyReader.Read(files, path.Written) is not { } vocabulary
                || model.Vocabulary.Ids.Keys.All(token => present.Find(token) is not null))
                continue;
            TokenizerFile other = Parse(files, path.Written, place);
            if (_found.IdsOf(model.Tensors) is > 0 and var ids && ids < vocabulary.Size)
                Cut(other, (int)ids, path.Written);
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
        && HaveSameRows([.. _models.Keys]);

    private void Rearrange(Vocabulary vocabulary)
    {
        TokenModel[] all = [.. _models.Values];
        long rows = Padded(CountRows(vocabulary, _found.ByName.Values.Where(table => !table.IsPerLayer), all));
        TokenTable[] perLayer = [.. _found.ByName.Values.Where(table => table.IsPerLayer)];
        long? perLayerRows = perLayer.Length == 0 ? null : Padded(CountRows(vocabulary, perLayer, all));
        Rows = new VocabularyRows(rows, perLayerRows, [.. _found.ByName.Keys]);
        Dictionary<string, TokenRule> rules = _recipe.Tokens.ToDictionary(rule => rule.Token, StringComparer.Ordinal);
        foreach (var (name, table) in _found.ByName)
        {
            long own = table.IsPerLayer ? perLayerRows!.Value : rows;
            _tables.Add(name, new TokenRowMap(table, vocabulary, own, all, rules, FindForRule));
        }

        foreach (TokenModel model in all)
            _rearranged.Add(model.Tensors, Rearranged(model));
        RemarkZeros(all);
        if (_found.OfOtherParts.Count > 0)
            _remarks.Add(
                $"{_found.OfOtherParts.Count} tensors have rows for a vocabulary of their own, and stay as they lie: "
                    + Quoted.List(_found.OfOtherParts));
    }

    private long Padded(long rows)
    {
        long multiple = _recipe.PadToMultipleOf ?? 1;
        return (rows + multiple - 1) / multiple * multiple;
    }

    /// <summary>
    /// Counts the rows that tables need: up to the last token that has a row in one of them. Tokens in the rows that a table has
    /// beyond the vocabulary need none, nor do tokens beyond the embedding for each layer.
    /// </summary>
    private long CountRows(Vocabulary vocabulary, IEnumerable<TokenTable> tables, TokenModel[] models)
    {
        TokenTable[] all = [.. tables];
        long extra = all.Select(table => table.Extra).DefaultIfEmpty().Max();
        if (extra == 0 && !all.Any(table => table.IsPerLayer))
            return vocabulary.Size;
        int id = vocabulary.Size - 1;
        while (id >= 0 && !NeedsRow(vocabulary.TokenOf(id)))
            id--;
        return extra == 0 ? id + 1 : Math.Max(id + 1, vocabulary.Size - extra);

        bool NeedsRow(string? token) => token is not null
            && (_recipe.Tokens.Any(rule => rule.Token == token)
                || models.All(model => model.Vocabulary.Find(token) is null)
                || models.Any(model => !model.IsVector && all.Any(table => table.Extra == 0
                    && model.Tensors.Find(table.Name) is { } tensor
                    && model.RowOf(token, tensor, table) is not null)));
    }

    private void RemarkZeros(TokenModel[] models)
    {
        bool IsKnown(string token) => models.Any(model => !model.IsVector && model.Vocabulary.Find(token) is not null);
        string[] unknown =
        [
            .. _tables.Values.SelectMany(table => table.Unknown).Distinct(StringComparer.Ordinal).Where(token => !IsKnown(token)),
        ];
        if (unknown.Length > 0)
            _remarks.Add($"{unknown.Length} tokens are in no model, so their rows are zeros: {Quoted.List(unknown)}");
        foreach (var (name, table) in _tables)
        {
            string[] lacking = [.. table.Unknown.Distinct(StringComparer.Ordinal).Where(IsKnown)];
            if (lacking.Length > 0)
                _remarks.Add(
                    $"{lacking.Length} tokens have a row in no model's {Quoted.Name(name)}, so their rows there are zeros: "
                        + Quoted.List(lacking));
        }
    }

    private InputModel Rearranged(TokenModel model) => new(
        model.Tensors.Path,
        [
            .. model.Tensors.Tensors.Select(one => _tables.TryGetValue(one.Name, out TokenRowMap? table)
                ? new NamedInput(one.Name, table.Rearrange(model))
                : one),
        ]);

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
