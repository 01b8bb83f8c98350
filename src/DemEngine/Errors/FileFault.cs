namespace DemEngine.Errors;

/// <summary>
/// Describes why a file could not be opened or read. What .NET says of one that is not there repeats its path, which a message
/// begins with already.
/// </summary>
internal static class FileFault
{
    /// <summary>Describes a fault in words that follow the path of the file.</summary>
    public static string Describe(Exception fault) =>
        fault is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : fault.Message;
}
