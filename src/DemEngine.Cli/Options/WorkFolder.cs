using DemEngine.Cli.Formatting;
using DemEngine.Cli.Output;
using DemEngine.Stores;

namespace DemEngine.Cli.Options;

/// <summary>
/// A folder in which a command works: one that was named, or one of this run alone in the temporary folder, which nobody else
/// can have made before and no other user can read.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly bool _isOwn;
    private bool _isKept;

    private WorkFolder(string path, bool isOwn)
    {
        Path = path;
        _isOwn = isOwn;
    }

    /// <summary>Full path of the folder.</summary>
    public string Path { get; }

    /// <summary>Opens the folder that was named, or makes one.</summary>
    /// <param name="named">The folder that was named; null for none.</param>
    /// <param name="prefix">Beginning of the name of one that is made.</param>
    public static WorkFolder Open(DirectoryInfo? named, string prefix) => named is not null
        ? new WorkFolder(named.FullName, isOwn: false)
        : new WorkFolder(TemporaryFolder.Create(prefix).FullName, isOwn: true);

    /// <summary>Keeps a folder that was made, because the command has said where it is.</summary>
    public void Keep() => _isKept = true;

    /// <summary>Removes a folder that was made and is not to be kept. Where that fails, the command's own error counts.</summary>
    public void Dispose()
    {
        if (!_isOwn || _isKept)
            return;
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Prose.Tell($"warning: {Printable.Text(Path)} could not be removed: {Printable.Text(e.Message)}");
        }
    }
}
