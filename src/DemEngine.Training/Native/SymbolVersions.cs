using System.Text;
using System.Text.RegularExpressions;

namespace DemEngine.Training.Native;

/// <summary>
/// Versions of symbols that a shared library of Linux defines or needs, such as <c>GLIBCXX_3.4.32</c>: names in its string table
/// (Linux Standard Base, "Symbol Versioning",
/// https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html).
/// </summary>
internal static partial class SymbolVersions
{
    /// <summary>Finds the newest version of one kind that a file mentions.</summary>
    /// <param name="file">Path of a library of some megabytes; it is read completely.</param>
    /// <param name="prefix">Prefix of the kind, such as "GLIBCXX_".</param>
    /// <returns>The newest version; null if the file mentions none.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Version? Newest(string file, string prefix) => Newest(File.ReadAllBytes(file), prefix);

    /// <summary>Finds the newest version of one kind in the bytes of a library.</summary>
    internal static Version? Newest(ReadOnlySpan<byte> bytes, string prefix)
    {
        Version? newest = null;
        byte[] start = Encoding.ASCII.GetBytes($"\0{prefix}");
        for (int at; (at = bytes.IndexOf(start)) >= 0;)
        {
            bytes = bytes[(at + start.Length)..];
            int end = bytes.IndexOf((byte)0);
            if (end is > 0 and < 16
                && VersionPattern().IsMatch(Encoding.ASCII.GetString(bytes[..end]))
                && Version.Parse(Encoding.ASCII.GetString(bytes[..end])) is var version && (newest is null || version > newest))
                newest = version;
        }

        return newest;
    }

    [GeneratedRegex(@"^\d{1,4}\.\d{1,4}(\.\d{1,4})?$")]
    private static partial Regex VersionPattern();
}
