using System.Runtime.InteropServices;

namespace DemEngine.Training.Native;

/// <summary>Compares the C and C++ runtimes of Linux that this process uses with the needs of a native library.</summary>
internal static class SystemLibraries
{
    /// <summary>The kinds of symbol versions, each with the library that has them and its common name.</summary>
    private static readonly (string Prefix, string Library, string Name)[] Kinds =
    [
        ("GLIBC_", "libc.so.6", "C library"),
        ("GLIBCXX_", "libstdc++.so.6", "C++ runtime"),
        ("CXXABI_", "libstdc++.so.6", "C++ runtime"),
    ];

    /// <summary>Checks that this process uses runtimes that are new enough for a library.</summary>
    /// <param name="file">Path of the library that needs them.</param>
    /// <returns>The library that is missing or too old; null if there is none.</returns>
    public static MissingVersion? Check(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        foreach (var (prefix, library, name) in Kinds)
        {
            if (SymbolVersions.Newest(bytes, prefix) is not { } needed)
                continue;

            string? found = FileInUse(library);
            Version? newest = found is null ? null : SymbolVersions.Newest(found, prefix);
            if (newest is null || newest < needed)
                return new MissingVersion(name, library, $"{prefix}{needed}", found, newest is null ? null : $"{prefix}{newest}");
        }

        return null;
    }

    /// <summary>
    /// Finds the file of a library that is, or would be, loaded into this process. All later libraries get what is loaded
    /// already.
    /// </summary>
    private static string? FileInUse(string library) =>
        Mapped(library) ?? (NativeLibrary.TryLoad(library, out _) ? Mapped(library) : null);

    private static string? Mapped(string library)
    {
        // Each line has addresses, permissions, offset, device, inode and path.
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int path = line.IndexOf('/');
            if (path > 0 && IsNamed(Path.GetFileName(line.AsSpan(path)), library))
                return line[path..];
        }

        return null;

        // The link "libstdc++.so.6" appears as its target, such as "libstdc++.so.6.0.30".
        static bool IsNamed(ReadOnlySpan<char> file, string library) =>
            file.StartsWith(library, StringComparison.Ordinal) && (file.Length == library.Length || file[library.Length] == '.');
    }
}
