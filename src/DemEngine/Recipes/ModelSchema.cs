using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>Reads the keys that say what is merged: <c>models</c>, <c>slices</c> and <c>modules</c>.</summary>
internal static class ModelSchema
{
    /// <summary>Keys of a model of <c>models</c>.</summary>
    public static readonly string[] ModelKeys = ["model", "lora", "vector", "parameters"];

    /// <summary>Keys of the mapping that a model can be given as.</summary>
    public static readonly string[] ReferenceKeys = ["model", "path", "lora"];

    /// <summary>Keys of a source of a slice.</summary>
    public static readonly string[] SliceSourceKeys = [.. ModelKeys, "layer_range"];

    /// <summary>Keys of a slice.</summary>
    public static readonly string[] SliceKeys = ["sources", "base_model", "parameters"];

    /// <summary>Keys of a module.</summary>
    public static readonly string[] ModuleKeys = ["models", "slices", "parameters"];

    public static ValueList<RecipeModel> ReadModels(RecipeNode node, SourceLocation place)
    {
        IReadOnlyList<RecipeNode> items = Expect.List(node, place, "a list of models");
        if (items.Count == 0) throw place.Error(ErrorCode.WrongModelCount, "the list of models is empty");
        return [.. items.Select((item, i) => ReadModel(item, place.At(i, item.Line)))];
    }

    public static ValueList<RecipeSlice> ReadSlices(RecipeNode node, SourceLocation place)
    {
        IReadOnlyList<RecipeNode> items = Expect.List(node, place, "a list of slices");
        if (items.Count == 0) throw place.Error(ErrorCode.WrongModelCount, "the list of slices is empty");
        return [.. items.Select((item, i) => ReadSlice(item, place.At(i, item.Line)))];
    }

    public static ValueList<RecipeModule> ReadModules(RecipeNode node, SourceLocation place)
    {
        IReadOnlyList<MapEntry> entries = Expect.Map(node, place, "a mapping of modules");
        if (entries.Count == 0) throw place.Error(ErrorCode.WrongModelCount, "the mapping of modules is empty");
        return [.. entries.Select(entry => ReadModule(entry.Key, entry.Value, place.At(entry.Key, entry.Line)))];
    }

    /// <summary>
    /// Reads the path of a model, alone or in mergekit's mapping <c>{model: {path: ...}, lora: ...}</c>; null for nothing.
    /// </summary>
    public static ModelPath? ReadPath(RecipeNode node, SourceLocation place)
    {
        if (node is MapNode map) return ReadReference(map, place);
        if (Expect.TextOrNothing(node, place, "the path of a model") is not { } text) return null;
        if (text.Contains('\0')) throw place.Error(ErrorCode.WrongValue, "a path cannot hold a NUL character");
        return new ModelPath(text, place);
    }

    /// <summary>Reads the path of a model, which must be given.</summary>
    public static ModelPath RequirePath(RecipeNode node, SourceLocation place) =>
        ReadPath(node, place) ?? throw place.Error(ErrorCode.WrongValue, "expected the path of a model, found nothing");

    private static ModelPath ReadReference(MapNode map, SourceLocation place)
    {
        ModelPath? path = null;
        ModelPath? lora = null;
        foreach (MapEntry entry in map.Entries)
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "model" or "path" when path is null:
                    path = RequirePath(entry.Value, at);
                    break;
                case "model" or "path":
                    throw at.Error(ErrorCode.WrongValue, "expected either model or path, found both");
                case "lora":
                    lora = ReadPath(entry.Value, at);
                    break;
                case "revision" or "override_architecture" when Expect.IsNothing(entry.Value):
                    break;
                default:
                    throw Unsupported.Refuse(entry.Key, at, Unsupported.InReference, ReferenceKeys);
            }
        }

        return WithAdapter(path ?? throw place.Error(ErrorCode.MissingKey, "the model has no \"path\""), lora);
    }

    private static ModelPath WithAdapter(ModelPath model, ModelPath? lora) =>
        lora is null ? model
        : model.Lora is null && lora.Lora is null ? model.With(lora.Written)
        : throw lora.Place.Error(ErrorCode.WrongValue, "a model has one adapter; give it once");

    private static RecipeModule ReadModule(string name, RecipeNode node, SourceLocation place)
    {
        ValueList<RecipeModel>? models = null;
        ValueList<RecipeSlice>? slices = null;
        var parameters = new ParameterScope([], place.At("parameters", place.Line));
        foreach (MapEntry entry in Expect.Map(node, place, "a mapping with models or slices"))
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "models":
                    models = ReadModels(entry.Value, at);
                    break;
                case "slices":
                    slices = ReadSlices(entry.Value, at);
                    break;
                case "parameters":
                    parameters = ParameterReader.ReadScope(entry.Value, at);
                    break;
                default:
                    throw Unsupported.Refuse(entry.Key, at, Unsupported.InModule, ModuleKeys);
            }
        }

        RecipeSchema.CheckOne(place, ("models", models is not null), ("slices", slices is not null));
        return new RecipeModule
        {
            Name = name,
            Models = models ?? [],
            Slices = slices ?? [],
            Parameters = parameters,
            Place = place,
        };
    }

    private static RecipeSlice ReadSlice(RecipeNode node, SourceLocation place)
    {
        ValueList<RecipeSliceSource>? sources = null;
        ModelPath? baseModel = null;
        var parameters = new ParameterScope([], place.At("parameters", place.Line));
        foreach (MapEntry entry in Expect.Map(node, place, "a mapping with sources"))
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "sources":
                    IReadOnlyList<RecipeNode> items = Expect.List(entry.Value, at, "a list of models with their layer_range");
                    if (items.Count == 0) throw at.Error(ErrorCode.WrongModelCount, "the list of sources is empty");
                    sources = [.. items.Select((item, i) => ReadSliceSource(item, at.At(i, item.Line)))];
                    break;
                case "base_model":
                    baseModel = ReadPath(entry.Value, at);
                    break;
                case "parameters":
                    parameters = ParameterReader.ReadScope(entry.Value, at);
                    break;
                default:
                    throw Unsupported.Refuse(entry.Key, at, Unsupported.InSlice, SliceKeys);
            }
        }

        if (sources is null)
            throw place.Error(ErrorCode.MissingKey, "the slice has no \"sources\": a list of models with their layer_range");
        foreach (RecipeSliceSource source in sources.Where(source => source.Layers.Count != sources[0].Layers.Count))
        {
            throw source.Model.Place.Error(ErrorCode.WrongValue,
                $"the sources of a slice have as many layers each; the first has {sources[0].Layers.Count}, "
                + $"this one {source.Layers.Count}");
        }

        return new RecipeSlice { Sources = sources, BaseModel = baseModel, Parameters = parameters, Place = place };
    }

    private static RecipeSliceSource ReadSliceSource(RecipeNode node, SourceLocation place)
    {
        IReadOnlyList<MapEntry> entries =
            Expect.Map(node, place, "a mapping with \"model: PATH\" and \"layer_range: [FIRST, END]\"");
        MapEntry range = entries.FirstOrDefault(entry => entry.Key == "layer_range")
            ?? throw place.Error(ErrorCode.MissingKey, "the source has no \"layer_range\": [FIRST, END]");
        RecipeModel model = ReadModel(
            entries.Where(entry => entry.Key != "layer_range"),
            place,
            Unsupported.InSliceSource,
            SliceSourceKeys);
        return new RecipeSliceSource(model, ReadRange(range.Value, place.At(range.Key, range.Line)));
    }

    private static LayerRange ReadRange(RecipeNode node, SourceLocation place)
    {
        const string What = "two whole numbers, the first layer and the one after the last";
        IReadOnlyList<RecipeNode> items = Expect.List(node, place, What);
        if (items.Count != 2)
            throw place.Error(ErrorCode.WrongValue, $"expected {What}, found a list of {items.Count}");
        var range = new LayerRange(
            Expect.Count(items[0], place.At(0, items[0].Line)),
            Expect.Count(items[1], place.At(1, items[1].Line)));
        return range.Count > 0
            ? range
            : throw place.Error(
                ErrorCode.WrongValue,
                $"[{range.First}, {range.End}] holds no layer; the second number is the layer after the last");
    }

    private static RecipeModel ReadModel(RecipeNode node, SourceLocation place) =>
        ReadModel(
            Expect.Map(node, place, "a mapping with \"model: PATH\" or \"vector: PATH\""),
            place,
            Unsupported.InModel,
            ModelKeys);

    private static RecipeModel ReadModel(
        IEnumerable<MapEntry> entries,
        SourceLocation place,
        Dictionary<string, string> unsupported,
        string[] known)
    {
        ModelPath? model = null, lora = null, vector = null;
        var parameters = new ParameterScope([], place.At("parameters", place.Line));
        foreach (MapEntry entry in entries)
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "model":
                    model = RequirePath(entry.Value, at);
                    break;
                case "lora":
                    lora = ReadPath(entry.Value, at);
                    break;
                case "vector":
                    vector = RequirePath(entry.Value, at);
                    break;
                case "parameters":
                    parameters = ParameterReader.ReadScope(entry.Value, at);
                    break;
                default:
                    throw Unsupported.Refuse(entry.Key, at, unsupported, known);
            }
        }

        if (model is not null && vector is not null)
            throw vector.Place.Error(ErrorCode.WrongValue, "expected either model or vector, found both");
        if (model is null && lora is not null)
            throw lora.Place.Error(
                ErrorCode.MissingKey, "an adapter is merged with its model: give that beside it, as \"model: PATH\"");
        ModelPath path = (model is null ? vector : WithAdapter(model, lora))
            ?? throw place.Error(ErrorCode.MissingKey, "expected model or vector, found neither");
        return new RecipeModel(path, vector is not null, parameters, place);
    }
}
