using System.Runtime.InteropServices;

namespace DemEngine.Training.Native;

/// <summary>The C and C++ runtimes of Linux that this process uses, compared with what a native library needs of them.</summary>
internal static class SystemLibraries
{
    /// <summary>A kind of symbol versions, the library that has them, and its common name.</summary>
    private static readonly (string Prefix, string Library, string Name)[] Kinds =
    [
        ("GLIBC_", "libc.so.6", "C library"),
        ("GLIBCXX_", "libstdc++.so.6", "C++ runtime"),
        ("CXXABI_", "libstdc++.so.6", "C++ runtime"),
    ];

    /// <summary>Compares.</summary>
    /// <param name="file">The library that needs them.</param>
    /// <returns>What is missing; null if nothing is.</returns>
    public static MissingVersion? Check(string file)
    {
        foreach (var (prefix, library, name) in Kinds)
        {
            if (SymbolVersions.Newest(file, prefix) is not { } needed)
                continue;

            string? found = FileInUse(library);
            Version? newest = found is null ? null : SymbolVersions.Newest(found, prefix);
            if (newest is null || newest < needed)
                return new MissingVersion(name, library, $"{prefix}{needed}", found, newest is null ? null : $"{prefix}{newest}");
        }

        return null;
    }

    /// <summary>The file of a library that is, or would be, loaded into this process. What is loaded already is what every later library gets.</summary>
    private static string? FileInUse(string library) =>
        Mapped(library) ?? (NativeLibrary.TryLoad(library, out _) ? Mapped(library) : null);

    private static string? Mapped(string library)
    {
        // Each line: addresses, permissions, offset, device, inode, path.
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int path = line.IndexOf('/');
            if (path > 0 && IsNamed(Path.GetFileName(line.AsSpan(path)), library))
                return line[path..];
        }

        return null;

        // The link "libstdc++.so.6" is shown as the file that it leads to, "libstdc++.so.6.0.30".
        static bool IsNamed(ReadOnlySpan<char> file, string library) =>
            file.StartsWith(library, StringComparison.Ordinal) && (file.Length == library.Length || file[library.Length] == '.');
    }
}
