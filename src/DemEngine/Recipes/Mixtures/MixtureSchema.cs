using DemEngine.Errors;
using DemEngine.Numerics;
using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes.Mixtures;

/// <summary>Turns the nodes of a recipe into a <see cref="MixtureRecipe"/>, key by key.</summary>
internal static class MixtureSchema
{
    /// <summary>Keys of a recipe for a mixture.</summary>
    public static readonly string[] Keys =
    [
        "base_model", "experts", "shared_experts", "gate_mode", "dtype", "experts_per_token", "architecture", "seed",
    ];

    /// <summary>Keys of an expert.</summary>
    public static readonly string[] ExpertKeys =
        ["source_model", "positive_prompts", "negative_prompts", "residual_scale", "noise_scale"];

    private static readonly Dictionary<string, string> Unsupported = new()
    {
        ["merge_method"] = "this is a recipe of a merge; one of a mixture has \"base_model\" and \"experts\"",
        ["models"] = "the models of a mixture go under \"experts\", each as \"source_model\"",
    };

    private static readonly Dictionary<string, string> UnsupportedInExpert = new()
    {
        ["model"] = "the model of an expert is its \"source_model\"",
        ["weight"] = "experts have no weights; \"residual_scale\" is a factor of what an expert adds",
    };

    public static MixtureRecipe Read(RecipeNode? root, string file)
    {
        var top = new SourceLocation(file, root?.Line ?? 1, "");
        ModelPath? baseModel = null;
        ValueList<MixtureExpert>? experts = null;
        ValueList<MixtureExpert> shared = [];
        GateMode mode = GateMode.Hidden;
        RecipeText? type = null, architecture = null;
        int? perToken = null;
        SourceLocation ofPerToken = top;
        long seed = 0;
        foreach (MapEntry entry in root is null
            ? []
            : OtherFiles.Refuse(Expect.Map(root, top, "a mapping with base_model and experts"), file, "experts"))
        {
            SourceLocation at = top.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "base_model":
                    baseModel = ModelSchema.RequirePath(entry.Value, at);
                    break;
                case "experts":
                    experts = ReadExperts(entry.Value, at);
                    break;
                case "shared_experts":
                    shared = Expect.IsNothing(entry.Value) ? [] : ReadExperts(entry.Value, at);
                    break;
                case "gate_mode":
                    mode = ReadMode(entry.Value, at) ?? mode;
                    break;
                case "dtype":
                    type = ReadType(entry.Value, at);
                    break;
                case "experts_per_token":
                    (perToken, ofPerToken) = (Expect.Count(entry.Value, at), at);
                    break;
                case "architecture":
                    architecture = Expect.Text(entry.Value, at, "the name of an architecture");
                    break;
                case "seed":
                    seed = Expect.Count(entry.Value, at);
                    break;
                case var _ when entry.IsUsedElsewhere && !Unsupported.ContainsKey(entry.Key):
                    break;
                default:
                    throw Recipes.Unsupported.Refuse(entry.Key, at, Unsupported, Keys);
            }
        }

        var recipe = new MixtureRecipe
        {
            Place = top,
            BaseModel = baseModel ?? throw Missing(top, "base_model", "the model that everything but the MLPs is taken from"),
            Experts = experts ?? throw Missing(top, "experts", "a list of models that give their MLPs"),
            SharedExperts = shared,
            GateMode = mode,
            DType = type,
            ExpertsPerToken = perToken ?? MixtureRecipe.DefaultExpertsPerToken,
            Architecture = architecture,
            Seed = seed,
        };
        MixtureCheck.Run(recipe, ofPerToken);
        return recipe;
    }

    private static ValueList<MixtureExpert> ReadExperts(RecipeNode node, SourceLocation place) =>
        [.. Expect.List(node, place, "a list of experts").Select((item, k) => ReadExpert(item, place.At(k, item.Line)))];

    private static MixtureExpert ReadExpert(RecipeNode node, SourceLocation place)
    {
        ModelPath? source = null;
        ValueList<string> positive = [], negative = [];
        float residual = 1, noise = 0;
        foreach (MapEntry entry in Expect.Map(node, place, "a mapping with source_model"))
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "source_model":
                    source = ModelSchema.RequirePath(entry.Value, at);
                    break;
                case "positive_prompts":
                    positive = ReadPrompts(entry.Value, at);
                    break;
                case "negative_prompts":
                    negative = ReadPrompts(entry.Value, at);
                    break;
                case "residual_scale":
                    residual = ReadNumber(entry.Value, at) ?? residual;
                    break;
                case "noise_scale":
                    noise = ReadNumber(entry.Value, at) ?? noise;
                    if (noise < 0)
                        throw at.Error(ErrorCode.WrongValue, "a standard deviation is not negative");
                    break;
                default:
                    throw Recipes.Unsupported.Refuse(entry.Key, at, UnsupportedInExpert, ExpertKeys);
            }
        }

        return new MixtureExpert(source ?? throw Missing(place, "source_model", "the model that gives its MLPs"))
        {
            Place = place,
            PositivePrompts = positive,
            NegativePrompts = negative,
            ResidualScale = residual,
            NoiseScale = noise,
        };
    }

    private static ValueList<string> ReadPrompts(RecipeNode node, SourceLocation place) => Expect.IsNothing(node)
        ? []
        : [.. Expect.List(node, place, "a list of texts").Select((item, k) => ReadPrompt(item, place.At(k, item.Line)))];

    private static string ReadPrompt(RecipeNode node, SourceLocation place) =>
        Expect.TextOrNothing(node, place, "a text")
        ?? throw place.Error(ErrorCode.WrongValue, "expected a text, found nothing");

    private static float? ReadNumber(RecipeNode node, SourceLocation place)
    {
        if (Expect.IsNothing(node))
            return null;
        return node is TextNode text && PlainScalar.Read(text) is double number && float.IsFinite((float)number)
            ? (float)number
            : throw place.Error(ErrorCode.WrongValue, $"expected a number, found {Shown.Found(node)}");
    }

    private static GateMode? ReadMode(RecipeNode node, SourceLocation place)
    {
        if (Expect.TextOrNothing(node, place, "a gate mode") is not { } word)
            return null;
        foreach (var (known, mode) in GateModes.All)
        {
            if (known == word)
                return mode;
        }

        string[] words = [.. GateModes.All.Select(mode => mode.Word)];
        throw place.Error(
            ErrorCode.WrongValue,
            $"unknown gate mode {Shown.Quote(word)}{Misspelling.DidYouMean(word, words)}; known: {string.Join(", ", words)}");
    }

    private static RecipeText? ReadType(RecipeNode node, SourceLocation place)
    {
        if (Expect.Text(node, place, "the name of an element type") is not { } name)
            return null;
        return ElementTypes.TryParseFloat(name.Value, out ElementType type)
            ? name with { Value = type.TorchName }
            : throw place.Error(
                ErrorCode.WrongValue,
                $"unknown element type {Shown.Quote(name.Value)}{Misspelling.DidYouMean(name.Value, ElementTypes.FloatNames)}; "
                + $"known: {string.Join(", ", ElementTypes.FloatNames)}");
    }

    private static DemException Missing(SourceLocation place, string key, string what) =>
        place.Error(ErrorCode.MissingKey, $"{(place.Key.Length == 0 ? "the recipe" : "this")} has no \"{key}\": {what}");
}
