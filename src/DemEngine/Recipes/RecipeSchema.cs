using DemEngine.Numerics;

namespace DemEngine.Recipes;

/// <summary>Turns the nodes of a recipe into a <see cref="Recipe"/>, key by key.</summary>
internal static class RecipeSchema
{
    private static readonly string[] Keys =
        ["merge_method", "base_model", "models", "parameters", "dtype", "out_dtype", "tokenizer_source"];

    private static readonly string[] ModelKeys = ["model", "vector", "parameters"];

    // Keys that mergekit knows and this version does not. To pass over one would be to merge something else than was asked for.
    private static readonly Dictionary<string, string> Unsupported = new()
    {
        ["slices"] = "slices put together from ranges of layers are not supported; list whole models under \"models\"",
        ["modules"] = "recipes for single modules are not supported; list whole models under \"models\"",
        ["tokenizer"] = "building a tokenizer is not supported; \"tokenizer_source\" can take one from a model",
        ["chat_template"] = "setting a chat template is not supported; edit tokenizer_config.json after the merge",
        ["name"] = "named recipes, which another recipe uses as its input, are not supported; run one merge at a time",
        ["experts"] = "mixture-of-experts recipes are not supported",
        ["gate_mode"] = "mixture-of-experts recipes are not supported",
    };

    private static readonly Dictionary<string, string> UnsupportedInModel = new()
    {
        ["path"] = "a model given as a mapping is not supported; write \"model: PATH\"",
        ["lora"] = "LoRA adapters are not supported; merge the adapter into its model first",
        ["layer_range"] = "ranges of layers are not supported; whole models are merged",
        ["sources"] = "slices put together from ranges of layers are not supported; whole models are merged",
    };

    public static Recipe Read(RecipeNode? root, string file)
    {
        var top = new RecipePlace(file, root?.Line ?? 1, "");
        RecipeText? method = null, dtype = null, outDType = null;
        ModelPath? baseModel = null;
        ValueList<RecipeModel>? models = null;
        var parameters = new ParameterScope([], top.At("parameters", top.Line));
        TokenizerSource? tokenizer = null;
        foreach (MapEntry entry in root is null ? [] : Expect.Map(root, top, "a mapping with merge_method and models"))
        {
            RecipePlace at = top.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "merge_method":
                    method = ReadText(entry.Value, at, "the name of a merge method");
                    break;
                case "base_model":
                    baseModel = ReadPath(entry.Value, at);
                    break;
                case "models":
                    models = ReadModels(entry.Value, at);
                    break;
                case "parameters":
                    parameters = ParameterReader.ReadScope(entry.Value, at);
                    break;
                case "dtype":
                    dtype = ReadElementType(entry.Value, at);
                    break;
                case "out_dtype":
                    outDType = ReadElementType(entry.Value, at);
                    break;
                case "tokenizer_source":
                    tokenizer = ReadTokenizerSource(entry.Value, at);
                    break;
                default:
                    throw Refuse(entry.Key, at, Unsupported, Keys);
            }
        }

        return new Recipe
        {
            Place = top,
            MergeMethod = method ?? throw Missing(top, "merge_method", "the name of a merge method"),
            BaseModel = baseModel,
            Models = models ?? throw Missing(top, "models", "a list of what to merge"),
            Parameters = parameters,
            DType = dtype,
            OutDType = outDType,
            TokenizerSource = tokenizer,
        };
    }

    private static ValueList<RecipeModel> ReadModels(RecipeNode node, RecipePlace place)
    {
        IReadOnlyList<RecipeNode> items = Expect.List(node, place, "a list of models");
        if (items.Count == 0) throw place.Error(ErrorCode.WrongModelCount, "the list of models is empty");
        return [.. items.Select((item, i) => ReadModel(item, place.At(i, item.Line)))];
    }

    private static RecipeModel ReadModel(RecipeNode node, RecipePlace place)
    {
        ModelPath? model = null, vector = null;
        var parameters = new ParameterScope([], place.At("parameters", place.Line));
        foreach (MapEntry entry in Expect.Map(node, place, "a mapping with \"model: PATH\" or \"vector: PATH\""))
        {
            RecipePlace at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "model":
                    model = ReadPath(entry.Value, at) ?? throw NoPath(at);
                    break;
                case "vector":
                    vector = ReadPath(entry.Value, at) ?? throw NoPath(at);
                    break;
                case "parameters":
                    parameters = ParameterReader.ReadScope(entry.Value, at);
                    break;
                default:
                    throw Refuse(entry.Key, at, UnsupportedInModel, ModelKeys);
            }
        }

        if (model is not null && vector is not null)
            throw vector.Place.Error(ErrorCode.WrongValue, "expected either model or vector, found both");
        ModelPath path = model ?? vector ?? throw place.Error(ErrorCode.MissingKey, "expected model or vector, found neither");
        return new RecipeModel(path, vector is not null, parameters, place);
    }

    private static RecipeText? ReadText(RecipeNode node, RecipePlace place, string what) =>
        Expect.TextOrNothing(node, place, what) is { } text ? new RecipeText(text, place) : null;

    private static RecipeText? ReadElementType(RecipeNode node, RecipePlace place)
    {
        if (ReadText(node, place, "the name of an element type") is not { } name) return null;
        if (ElementTypes.TryParseFloat(name.Value, out ElementType type)) return name with { Value = type.TorchName };
        throw place.Error(ErrorCode.WrongValue,
            $"unknown element type {Shown.Quote(name.Value)}{Spelling.DidYouMean(name.Value, ElementTypes.FloatNames)}; "
            + $"known: {string.Join(", ", ElementTypes.FloatNames)}");
    }

    private static TokenizerSource? ReadTokenizerSource(RecipeNode node, RecipePlace place) => ReadPath(node, place) switch
    {
        null => null,
        { Written: "base" } => new TokenizerSource(null, place),
        { Written: "union" } => throw place.Error(ErrorCode.UnsupportedFeature,
            "a union of tokenizers is not supported; give \"base\" or a model's path"),
        { } path => new TokenizerSource(path, place),
    };

    private static ModelPath? ReadPath(RecipeNode node, RecipePlace place)
    {
        if (node is MapNode)
            throw place.Error(ErrorCode.UnsupportedFeature, "a model given as a mapping is not supported; write its path alone");
        if (Expect.TextOrNothing(node, place, "the path of a model") is not { } text) return null;
        if (text.Contains('\0')) throw place.Error(ErrorCode.WrongValue, "a path cannot hold a NUL character");
        if (text.Contains('+'))
        {
            throw place.Error(ErrorCode.UnsupportedFeature,
                $"{Shown.Quote(text)}: \"model+lora\" is not supported; merge the adapter into its model first "
                + "(or, if the \"+\" belongs to the path, rename it)");
        }

        return new ModelPath(text, place);
    }

    private static DemException Refuse(
        string key, RecipePlace at, Dictionary<string, string> unsupported, IEnumerable<string> known) =>
        unsupported.TryGetValue(key, out string? reason)
            ? at.Error(ErrorCode.UnsupportedFeature, reason)
            : at.Error(ErrorCode.UnknownKey, "unknown key" + Expect.Known(key, known));

    private static DemException Missing(RecipePlace top, string key, string what) =>
        top.Error(ErrorCode.MissingKey, $"the recipe has no \"{key}\": {what}");

    private static DemException NoPath(RecipePlace at) =>
        at.Error(ErrorCode.WrongValue, "expected the path of a model, found nothing");
}
