namespace DemEngine.Cli.Tests;

/// <summary>A folder that goes when the test is over. Its name is one that a careless program trips over.</summary>
internal sealed class TempFolder : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("dem-cli-tests-").FullName;

    public TempFolder()
    {
        Path = System.IO.Path.Combine(_parent, "a Ünïcode näme – 模型");
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    /// <summary>The path of something in it, there or not.</summary>
    public string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a text file and gives its path.</summary>
    public string Write(string name, string contents)
    {
        File.WriteAllText(PathOf(name), contents);
        return PathOf(name);
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);
}
