namespace DemEngine.Evaluation.Tokenization.Definition;

/// <summary>A token that is found in the text itself rather than made by merges.</summary>
/// <param name="Content">Text of the token.</param>
/// <param name="Id">Id of the token.</param>
/// <param name="IsNormalized">Whether the token, itself normalised, is looked for after the text is normalised.</param>
/// <param name="IsSpecial">Whether the token decodes to no text.</param>
internal sealed record AddedToken(string Content, int Id, bool IsNormalized, bool IsSpecial);
