namespace DemEngine.Tests;

/// <summary>A folder that goes when the test is over.</summary>
/// <param name="within">Folder that it is made in; null for the one of temporary files.</param>
internal sealed class TempFolder(string? within = null) : IDisposable
{
    public string Path { get; } = within is null
        ? Directory.CreateTempSubdirectory("dem-tests-").FullName
        : Directory.CreateDirectory(System.IO.Path.Combine(within, $"dem-tests-{Guid.NewGuid():N}")).FullName;

    /// <summary>The path of a file in it, there or not.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file and gives its path.</summary>
    public string Write(string name, ReadOnlySpan<byte> contents)
    {
        File.WriteAllBytes(PathOf(name), contents);
        return PathOf(name);
    }

    /// <summary>Writes a text file and gives its path.</summary>
    public string Write(string name, string contents)
    {
        File.WriteAllText(PathOf(name), contents);
        return PathOf(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
