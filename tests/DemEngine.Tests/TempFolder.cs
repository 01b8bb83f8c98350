namespace DemEngine.Tests;

/// <summary>A folder that goes when the test is over.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dem-tests-").FullName;

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
