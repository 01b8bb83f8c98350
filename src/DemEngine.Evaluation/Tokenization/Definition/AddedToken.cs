namespace DemEngine.Evaluation.Tokenization.Definition;

/// <summary>A token that is found in the text itself, not made by merges.</summary>
/// <param name="Content">The text that it stands for.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsNormalized">Whether it is looked for after normalisation, itself normalised.</param>
/// <param name="IsSpecial">Whether it stands for no text.</param>
internal sealed record AddedToken(string Content, int Id, bool IsNormalized, bool IsSpecial);
