using DemEngine.Errors;
using DemEngine.Numerics;
using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>Turns the nodes of a recipe into a <see cref="Recipe"/>, key by key.</summary>
internal static class RecipeSchema
{
    /// <summary>Keys of a recipe.</summary>
    public static readonly string[] Keys =
    [
        "name",
        "merge_method",
        "base_model",
        "models",
        "slices",
        "modules",
        "parameters",
        "dtype",
        "out_dtype",
        "gradient_after_layers",
        "tokenizer_source",
        "tokenizer",
        "chat_template",
    ];

    public static Recipe Read(RecipeNode? root, string file)
    {
        var top = new SourceLocation(file, root?.Line ?? 1, "");
        RecipeText? name = null, method = null, dtype = null, outDType = null, chatTemplate = null;
        ModelPath? baseModel = null;
        ValueList<RecipeModel>? models = null;
        ValueList<RecipeSlice>? slices = null;
        ValueList<RecipeModule>? modules = null;
        var parameters = new ParameterScope([], top.At("parameters", top.Line));
        AfterLayers afterLayers = AfterLayers.First;
        TokenizerSection? tokenizer = null;
        SourceLocation? tokenizerSource = null;
        foreach (MapEntry entry in root is null
            ? []
            : OtherFiles.Refuse(Expect.Map(root, top, "a mapping with merge_method and models"), file, "merge_method"))
        {
            SourceLocation at = top.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "name":
                    name = Expect.Text(entry.Value, at, "a name for the recipe's result");
                    break;
                case "merge_method":
                    method = Expect.Text(entry.Value, at, "the name of a merge method");
                    break;
                case "base_model":
                    baseModel = ModelSchema.ReadPath(entry.Value, at);
                    break;
                case "models":
                    models = ModelSchema.ReadModels(entry.Value, at);
                    break;
                case "slices":
                    slices = ModelSchema.ReadSlices(entry.Value, at);
                    break;
                case "modules":
                    modules = ModelSchema.ReadModules(entry.Value, at);
                    break;
                case "parameters":
                    parameters = ParameterReader.ReadScope(entry.Value, at);
                    break;
                case "dtype":
                    dtype = ReadElementType(entry.Value, at);
                    break;
                case "out_dtype":
                    outDType = ReadElementType(entry.Value, at, OutputForms.All);
                    break;
                case "gradient_after_layers":
                    afterLayers = ReadAfterLayers(entry.Value, at);
                    break;
                case "tokenizer_source" or "tokenizer":
                    TokenizerSection? read = TokenizerSchema.Read(entry, at);
                    if (read is not null && tokenizer is not null)
                        throw at.Error(
                            ErrorCode.WrongValue,
                            "expected either tokenizer or tokenizer_source, found both, "
                            + $"the other on line {tokenizerSource!.Line}");
                    (tokenizer, tokenizerSource) = (read ?? tokenizer, read is null ? tokenizerSource : at);
                    break;
                case "chat_template":
                    chatTemplate = Expect.Text(entry.Value, at, "auto, the name of a chat template or its text");
                    break;
                // YAML has no other place for a value that several keys share.
                case var _ when entry.IsUsedElsewhere && !Unsupported.InRecipe.ContainsKey(entry.Key) && !IsMisspelt(entry):
                    break;
                default:
                    throw Unsupported.Refuse(entry.Key, at, Unsupported.InRecipe, Keys);
            }
        }

        if (method is null)
            throw Missing(top, "merge_method", "the name of a merge method");
        CheckOne(top, ("models", models is not null), ("slices", slices is not null), ("modules", modules is not null));
        return new Recipe
        {
            Place = top,
            Name = name,
            MergeMethod = method,
            BaseModel = baseModel,
            Models = models ?? [],
            Slices = slices ?? [],
            Modules = modules ?? [],
            Parameters = parameters,
            DType = dtype,
            OutDType = outDType,
            GradientAfterLayers = afterLayers,
            TokenizerSource = tokenizer?.Source,
            Tokens = tokenizer?.Tokens ?? [],
            PadToMultipleOf = tokenizer?.PadToMultipleOf,
            ChatTemplate = chatTemplate,
        };
    }

    /// <summary>Refuses a mapping that says what to merge in two ways or in none.</summary>
    public static void CheckOne(SourceLocation place, params ReadOnlySpan<(string Key, bool IsGiven)> ways)
    {
        var given = new List<string>();
        foreach (var (key, isGiven) in ways)
        {
            if (isGiven)
                given.Add($"\"{key}\"");
        }

        if (given.Count == 0)
            throw Missing(place, ways[0].Key, "a list of what to merge");
        if (given.Count > 1)
            throw place.Error(ErrorCode.WrongValue, $"{string.Join(" and ", given)} exclude each other");
    }

    /// <summary>Whether a key that only holds anchors might be one of the recipe's that was meant to do something.</summary>
    private static bool IsMisspelt(MapEntry entry) =>
        entry.Value is not TextNode && Misspelling.DidYouMean(entry.Key, Keys).Length > 0;

    private static RecipeText? ReadElementType(RecipeNode node, SourceLocation place, params IReadOnlyList<string> forms)
    {
        if (Expect.Text(node, place, "the name of an element type") is not { } name) return null;
        if (ElementTypes.TryParseFloat(name.Value, out ElementType type)) return name with { Value = type.TorchName };
        if (forms.Contains(name.Value, StringComparer.OrdinalIgnoreCase))
            return name with { Value = name.Value.ToLowerInvariant() };
        string[] known = [.. ElementTypes.FloatNames, .. forms];
        throw place.Error(ErrorCode.WrongValue,
            $"unknown element type {Shown.Quote(name.Value)}{Misspelling.DidYouMean(name.Value, known)}; "
            + $"known: {string.Join(", ", known)}");
    }

    private static AfterLayers ReadAfterLayers(RecipeNode node, SourceLocation place) =>
        Expect.TextOrNothing(node, place, "first or last") switch
        {
            null or "first" => AfterLayers.First,
            "last" => AfterLayers.Last,
            { } other => throw place.Error(ErrorCode.WrongValue, $"expected first or last, found {Shown.Quote(other)}"),
        };

    private static DemException Missing(SourceLocation place, string key, string what) =>
        place.Error(ErrorCode.MissingKey, $"{(place.Key.Length == 0 ? "the recipe" : "this")} has no \"{key}\": {what}");
}
