using System.Globalization;
using System.Text;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.ScaleOut;

/// <summary>
/// The folder of a part that this process works on. A lock keeps other processes out, on network file systems too where these
/// have locks. Where they have none, the last one that came is the owner, and the others find out before they finish.
/// </summary>
internal sealed class ClaimedPart : IDisposable
{
    private const string LockName = "dem-part-lock";
    private const string OwnerName = "owner";

    private readonly ClaimedFolder _folder;
    private readonly string _owner;

    private ClaimedPart(ClaimedFolder folder)
    {
        _folder = folder;
        _owner = string.Create(
            CultureInfo.InvariantCulture, $"{Environment.MachineName} {Environment.ProcessId} {Guid.NewGuid():N}");
        OutputFile.Replace(OwnerFile, file => file.Write(Encoding.UTF8.GetBytes(_owner), 0));
    }

    /// <summary>Path of the folder.</summary>
    public string Path => _folder.Path;

    private string OwnerFile => System.IO.Path.Combine(Path, OwnerName);

    /// <summary>Creates a part's folder or takes it over, with what an earlier process left there.</summary>
    /// <param name="path">Path of the folder.</param>
    /// <exception cref="DemException">
    /// DEM1008 (OutputBusy): another process works there. DEM4001 (DiskFull), DEM4002 (WriteFailed).
    /// </exception>
    public static ClaimedPart Claim(string path)
    {
        ClaimedFolder folder = ClaimedFolder.Claim(path, LockName, "A part of a merge by dem is written here.\n");
        try
        {
            return new ClaimedPart(folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Checks that no other process has claimed the part since.</summary>
    /// <exception cref="DemException">DEM4031 (PartTakenOver), DEM4003 (ReadFailed).</exception>
    public void CheckOwner()
    {
        string owner;
        try
        {
            owner = File.ReadAllText(OwnerFile);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw new DemException(ErrorCode.ReadFailed, $"{OwnerFile}: {e.Message}", e) { Path = OwnerFile };
        }

        if (owner != _owner)
            throw new DemException(ErrorCode.PartTakenOver, $"{Path}: it is written by {Quoted.Name(owner.Split(' ')[0])} now")
            {
                Path = Path,
            };
    }

    /// <summary>Deletes what an earlier process left.</summary>
    /// <exception cref="DemException">DEM4002 (WriteFailed).</exception>
    public void Clear()
    {
        try
        {
            foreach (FileInfo file in new DirectoryInfo(Path).GetFiles().Where(file => file.Name is not (LockName or OwnerName)))
                file.Delete();
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }
    }

    /// <summary>Releases the part.</summary>
    public void Dispose() => _folder.Dispose();
}
