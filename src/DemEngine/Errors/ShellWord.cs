namespace DemEngine.Errors;

/// <summary>Writes a path as one word of a shell command, for <c>sh</c>, or on Windows for <c>cmd</c>.</summary>
internal static class ShellWord
{
    /// <summary>Returns the path, in quotation marks where it needs them.</summary>
    /// <param name="path">Path to quote; on Windows no path holds a quotation mark.</param>
    public static string Of(string path) =>
        path.Length > 0 && path.All(IsPlain) ? path
        : OperatingSystem.IsWindows() ? $"\"{path}\""
        : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-';
}
