namespace DemEngine.Evaluation.Tokenization.Definition;

/// <summary>Makes the errors about a tokenizer's file.</summary>
internal static class TokenizerFault
{
    /// <summary>Makes the error DEM2105 (BadTokenizer): the file is damaged or inconsistent.</summary>
    public static DemException Damaged(string file, string what, Exception? inner = null) =>
        new(ErrorCode.BadTokenizer, $"{file}: {what}", inner) { Path = file };

    /// <summary>
    /// Makes the error DEM2104 (NoTokenizer): the file may be valid, but following it only in part would give wrong ids.
    /// </summary>
    public static DemException Unsupported(string file, string what, Exception? inner = null) =>
        new(ErrorCode.NoTokenizer, $"{file}: {what}", inner) { Path = file };
}
