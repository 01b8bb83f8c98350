using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>The tokenizer settings of a recipe.</summary>
internal sealed record TokenizerSection(TokenizerSource Source, ValueList<TokenRule> Tokens, int? PadToMultipleOf);

/// <summary>Reads <c>tokenizer_source</c> and the newer <c>tokenizer</c>.</summary>
internal static class TokenizerSchema
{
    /// <summary>Keys of <c>tokenizer</c>.</summary>
    public static readonly string[] Keys = ["source", "tokens", "pad_to_multiple_of"];

    /// <summary>Keys of a token.</summary>
    public static readonly string[] RuleKeys = ["source", "force"];

    /// <summary>Keys of the mapping that the source of a token's embedding can be given as.</summary>
    public static readonly string[] EmbeddingKeys = ["kind", "model", "token", "token_id"];

    /// <summary>Reads one of the two keys; null if it has no value.</summary>
    public static TokenizerSection? Read(MapEntry entry, SourceLocation place)
    {
        if (entry.Key == "tokenizer_source")
            return ReadSource(entry.Value, place) is { } only ? new TokenizerSection(only, [], null) : null;
        if (Expect.IsNothing(entry.Value))
            return null;

        // Without a source, mergekit uses the union of all vocabularies.
        var source = new TokenizerSource(null, place) { IsUnion = true };
        ValueList<TokenRule> tokens = [];
        int? padding = null;
        foreach (MapEntry part in Expect.Map(entry.Value, place, "a mapping with source, tokens and pad_to_multiple_of"))
        {
            SourceLocation at = place.At(part.Key, part.Line);
            switch (part.Key)
            {
                case "source":
                    source = ReadSource(part.Value, at) ?? source;
                    break;
                case "tokens":
                    tokens =
                    [
                        .. Expect.MapOrNothing(part.Value, at, "a mapping of tokens")
                            .Select(token => ReadRule(token, at.At(token.Key, token.Line))),
                    ];
                    break;
                case "pad_to_multiple_of":
                    padding = ReadPadding(part.Value, at);
                    break;
                default:
                    throw Unsupported.Refuse(part.Key, at, [], Keys);
            }
        }

        return new TokenizerSection(source, tokens, padding);
    }

    private static TokenizerSource? ReadSource(RecipeNode node, SourceLocation place) => ModelSchema.ReadPath(node, place) switch
    {
        null => null,
        { Written: "base" } => new TokenizerSource(null, place),
        { Written: "union" } => new TokenizerSource(null, place) { IsUnion = true },
        { } path => new TokenizerSource(path, place),
    };

    private static int? ReadPadding(RecipeNode node, SourceLocation place)
    {
        if (Expect.IsNothing(node)) return null;
        int multiple = Expect.Count(node, place);
        return multiple > 0
            ? multiple
            : throw place.Error(ErrorCode.WrongValue, "expected a whole number from 1, found the number 0");
    }

    private static TokenRule ReadRule(MapEntry token, SourceLocation place)
    {
        if (token.Key.Length == 0)
            throw place.Error(ErrorCode.WrongValue, "a token is not empty");
        TokenEmbedding? source = null;
        bool force = false;
        foreach (MapEntry entry in Expect.MapOrNothing(token.Value, place, "a mapping with source and force"))
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "source":
                    source = ReadEmbedding(entry.Value, at);
                    break;
                case "force":
                    force = Expect.Flag(entry.Value, at);
                    break;
                default:
                    throw Unsupported.Refuse(entry.Key, at, [], RuleKeys);
            }
        }

        return force && source is null
            ? throw place.Error(ErrorCode.MissingKey, "there is no \"source\" whose embedding could be forced")
            : new TokenRule(token.Key, source, force, place);
    }

    private static TokenEmbedding? ReadEmbedding(RecipeNode node, SourceLocation place)
    {
        if (node is not MapNode map)
            return ModelSchema.ReadPath(node, place) is { } path ? new ModelEmbedding(path) : null;

        string? kind = null, token = null;
        ModelPath? model = null;
        long? id = null;
        foreach (MapEntry entry in map.Entries)
        {
            SourceLocation at = place.At(entry.Key, entry.Line);
            switch (entry.Key)
            {
                case "kind":
                    kind = Expect.TextOrNothing(entry.Value, at, "zero or model_token");
                    break;
                case "model":
                    model = ModelSchema.RequirePath(entry.Value, at);
                    break;
                case "token":
                    token = Expect.TextOrNothing(entry.Value, at, "a token");
                    break;
                case "token_id":
                    id = Expect.IsNothing(entry.Value) ? null : Expect.Count(entry.Value, at);
                    break;
                default:
                    throw Unsupported.Refuse(entry.Key, at, [], EmbeddingKeys);
            }
        }

        switch (kind)
        {
            case "zero" when model is null && token is null && id is null:
                return new ZeroEmbedding();
            case "zero":
                throw place.Error(ErrorCode.WrongValue, "an embedding of zeros takes no model and no token");
            case "model_token" when model is not null && (token is null) != (id is null):
                return new ModelTokenEmbedding(model, token, id);
            case "model_token":
                throw place.Error(ErrorCode.MissingKey, "expected model and either token or token_id");
            default:
                throw place.Error(
                    ErrorCode.WrongValue,
                    $"expected the kind zero or model_token, found {(kind is null ? "none" : Shown.Quote(kind))}");
        }
    }
}
