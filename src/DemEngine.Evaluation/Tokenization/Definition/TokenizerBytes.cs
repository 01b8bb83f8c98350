using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Evaluation.Tokenization.Definition;

/// <summary>Reads the bytes of a tokenizer's file.</summary>
internal static class TokenizerBytes
{
    /// <summary>Reads a whole file.</summary>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file cannot be read.</exception>
    public static byte[] Read(string file)
    {
        if (LinuxFile.IsSpecial(file))
            throw new DemException(ErrorCode.BadSideFile, $"{file}: this is a pipe, a socket or a device, and no file")
            {
                Path = file,
            };
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{file}: {FileFault.Describe(e)}", e) { Path = file };
        }
    }
}
