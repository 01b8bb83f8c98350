using DemEngine.Recipes.Text;

namespace DemEngine.Recipes;

/// <summary>Where the embedding of a token comes from in the models that lack it, or in all.</summary>
public abstract record TokenEmbedding
{
    private protected TokenEmbedding()
    {
    }
}

/// <summary>Zeros.</summary>
public sealed record ZeroEmbedding : TokenEmbedding;

/// <summary>The embedding of the same token in one of the models.</summary>
/// <param name="Model">The model.</param>
public sealed record ModelEmbedding(ModelPath Model) : TokenEmbedding;

/// <summary>The embedding of a token in one of the models.</summary>
/// <param name="Model">The model.</param>
/// <param name="Token">The token there; null where <paramref name="Id"/> says which.</param>
/// <param name="Id">The row there; null where <paramref name="Token"/> says which.</param>
public sealed record ModelTokenEmbedding(ModelPath Model, string? Token, long? Id) : TokenEmbedding;

/// <summary>What a recipe says of one token: an entry of <c>tokenizer.tokens</c>.</summary>
/// <param name="Token">The token, which is added to the vocabulary if it is not there.</param>
/// <param name="Source">Where its embedding comes from; null for what holds without a rule.</param>
/// <param name="Force">Whether that counts for the models that have the token, too.</param>
/// <param name="Place">Where the rule stands.</param>
public sealed record TokenRule(string Token, TokenEmbedding? Source, bool Force, SourceLocation Place);
