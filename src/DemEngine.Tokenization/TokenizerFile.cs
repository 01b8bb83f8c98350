using DemEngine.Checkpoints;

namespace DemEngine.Tokenization;

/// <summary>A tokenizer's file: its contents, or what is wrong with it.</summary>
internal static class TokenizerFile
{
    /// <summary>The file is not as it should be.</summary>
    public static DemException Damaged(string file, string what, Exception? inner = null) => new(ErrorCode.BadTokenizer, $"{file}: {what}", inner);

    /// <summary>The file may be right, but obeying it halfway would give other ids than it asks for.</summary>
    public static DemException Unsupported(string file, string what, Exception? inner = null) => new(ErrorCode.NoTokenizer, $"{file}: {what}", inner);

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="DemException">DEM2023.</exception>
    public static byte[] Read(string file)
    {
        if (LinuxFile.IsSpecial(file))
            throw new DemException(ErrorCode.BadSideFile, $"{file}: this is a pipe, a socket or a device, and no file");
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{file}: {e.Message}", e);
        }
    }
}
