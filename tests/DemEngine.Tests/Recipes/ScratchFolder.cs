namespace DemEngine.Tests.Recipes;

/// <summary>A folder that goes when the test is over.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dem-recipes-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
