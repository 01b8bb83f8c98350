using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>The source of a token's embedding, for the models that lack the token or for all models.</summary>
public abstract record TokenEmbedding
{
    private protected TokenEmbedding()
    {
    }
}

/// <summary>An embedding of zeros.</summary>
public sealed record ZeroEmbedding : TokenEmbedding;

/// <summary>The embedding that the same token has in one of the models.</summary>
/// <param name="Model">Path of the model.</param>
public sealed record ModelEmbedding(ModelPath Model) : TokenEmbedding;

/// <summary>The embedding of a given token in one of the models.</summary>
/// <param name="Model">Path of the model.</param>
/// <param name="Token">Token in that model; null if <paramref name="Id"/> identifies it.</param>
/// <param name="Id">Row of the token's embedding in that model; null if <paramref name="Token"/> identifies it.</param>
public sealed record ModelTokenEmbedding(ModelPath Model, string? Token, long? Id) : TokenEmbedding;

/// <summary>A rule for one token: an entry of <c>tokenizer.tokens</c>.</summary>
/// <param name="Token">The token; it is added to the vocabulary if it is not in it.</param>
/// <param name="Source">Source of the token's embedding; null for the behaviour without a rule.</param>
/// <param name="Force">Whether the source also applies to the models that have the token.</param>
/// <param name="Place">Location of the rule in the recipe.</param>
public sealed record TokenRule(string Token, TokenEmbedding? Source, bool Force, SourceLocation Place);
