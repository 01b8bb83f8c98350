namespace DemEngine.Errors;

/// <summary>A path as one word of a shell's command: of <c>sh</c>, or on Windows of <c>cmd</c>.</summary>
internal static class ShellWord
{
    /// <summary>In quotation marks where it needs them.</summary>
    /// <param name="path">The path; on Windows no path holds a quotation mark.</param>
    public static string Of(string path) =>
        path.Length > 0 && path.All(IsPlain) ? path
        : OperatingSystem.IsWindows() ? $"\"{path}\""
        : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-';
}
