namespace DemEngine.Evaluation.Tokenization.Definition;

/// <summary>What can be wrong with a tokenizer's file.</summary>
internal static class TokenizerFault
{
    /// <summary>The file is not as it should be.</summary>
    public static DemException Damaged(string file, string what, Exception? inner = null) => new(ErrorCode.BadTokenizer, $"{file}: {what}", inner);

    /// <summary>The file may be right, but obeying it halfway would give other ids than it asks for.</summary>
    public static DemException Unsupported(string file, string what, Exception? inner = null) => new(ErrorCode.NoTokenizer, $"{file}: {what}", inner);
}
