using System.Text.Json.Nodes;
using DemEngine.Recipes;

namespace DemEngine.Schemas;

/// <summary>The tokenizer of a recipe's result.</summary>
internal static class TokenizerForms
{
    /// <summary>Makes the form of the value of <c>tokenizer_source</c>.</summary>
    public static JsonObject Source() => Form.Any(Form.Words("base", "union"), Form.Ref(ModelForms.Path), Form.Nothing());

    /// <summary>Makes the form of the value of <c>tokenizer</c>.</summary>
    public static JsonObject Tokenizer() => Form.Optional(Form.Map(TokenizerSchema.Keys, key => key switch
    {
        "source" => Source().Says("base, union, or a model; union where it is not given."),
        "tokens" => Form.Optional(Form.MapOf(Form.Optional(Token()))).Says("Tokens whose embeddings come from elsewhere."),
        "pad_to_multiple_of" => Form.Optional(Form.Count(1)).Says("The number of rows is rounded up to a multiple of this."),
        _ => null,
    }));

    private static JsonObject Token() => Form.Map(TokenizerSchema.RuleKeys, key => key switch
    {
        "source" => Form.Any(Embedding(), Form.Text(), Form.Nothing()),
        "force" => ParameterForms.Flag().Says("Also where the models have the token."),
        _ => null,
    });

    private static JsonObject Embedding() => Form.Map(
        TokenizerSchema.EmbeddingKeys,
        key => key switch
        {
            "kind" => Form.Words("zero", "model_token"),
            "model" => Form.Ref(ModelForms.Path),
            "token" => Form.Optional(Form.Text()),
            "token_id" => Form.Optional(Form.Count(0)),
            _ => null,
        },
        "kind");
}
