using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Files;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Adapters;

/// <summary>
/// Writes an adapter as PEFT reads it: <c>adapter_model.safetensors</c> and <c>adapter_config.json</c>. The folder is made under
/// another name and renamed when it is complete.
/// </summary>
internal static class AdapterFolder
{
    private const string FileSuffix = ".safetensors";
    private const string WeightsName = $"adapter_model{FileSuffix}";

    /// <summary>Makes sure that the folder, or the file of an adapter in one file, can be written.</summary>
    /// <exception cref="DemException">DEM1002 (OutputExists), DEM1003 (OutputNotOurs): it is there already.</exception>
    public static void Check(string folder, bool overwrite)
    {
        if (File.Exists(folder) && !IsFile(folder))
            throw new DemException(ErrorCode.OutputNotOurs, $"{folder}: it is a file");
        if (File.Exists(folder) && !overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{folder}: it exists already");
        if (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any())
            return;
        if (!overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{folder}: it exists already");
        if (!File.Exists(Path.Combine(folder, AdapterConfig.FileName)))
            throw new DemException(ErrorCode.OutputNotOurs, $"{folder}: it is not an adapter");
    }

    /// <summary>Writes an adapter that was computed, as a folder of PEFT or as a single file.</summary>
    /// <param name="path">Path of the folder, or of the file.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="baseModel">Path of the model that it belongs to; empty where it is not known.</param>
    /// <param name="model">Names of all tensors of the model; null where they are not known.</param>
    /// <param name="overwrite">Whether an adapter is replaced that is there by now.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): the path is that of a folder, and the adapter is a file, or the other way round. DEM1002
    /// (OutputExists), DEM1003 (OutputNotOurs): another process has written there in the meantime. DEM4001 (DiskFull), DEM4002
    /// (WriteFailed).
    /// </exception>
    public static void Write(string path, WrittenAdapter adapter, string baseModel, IEnumerable<string>? model, bool overwrite)
    {
        if (adapter.IsSingleFile != IsFile(path))
            throw new DemException(
                ErrorCode.BadArgument,
                adapter.IsSingleFile
                    ? $"{path}: adapters in single files make a single file; give a name that ends in {FileSuffix}"
                    : $"{path}: adapters of PEFT make a folder; give a name that does not end in {FileSuffix}");
        string parent = Path.GetDirectoryName(FullPath(path))!;
        try
        {
            DurableFolder.Create(parent);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, path);
        }

        // Two processes would remove each other's files: the second one waits, and finds what the first one has written.
        using SafeFileHandle? held = LinuxFile.HoldFolder(parent);
        Check(path, overwrite);
        if (adapter.IsSingleFile)
            SafetensorsWriter.Write(path, [.. adapter.Tensors], new Dictionary<string, string> { ["format"] = "pt" });
        else
            Write(path, adapter.Settings(baseModel, model), adapter.Tensors, new Dictionary<string, byte[]>());
    }

    private static string FullPath(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static bool IsFile(string path) => path.EndsWith(FileSuffix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Writes the folder.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <param name="settings">What <c>adapter_config.json</c> says.</param>
    /// <param name="tensors">The factors, and tensors that are saved whole.</param>
    /// <param name="others">Contents of further files, by their names.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public static void Write(
        string folder,
        AdapterSettings settings,
        IEnumerable<ITensorData> tensors,
        IReadOnlyDictionary<string, byte[]> others)
    {
        string full = FullPath(folder);
        string staging = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.dem-adapter");
        string before = $"{staging}-before";
        try
        {
            // What an earlier run that was killed has left. The adapter that it was about to replace is whole in one of both.
            if (Directory.Exists(before) && !Directory.Exists(full))
                Directory.Move(before, full);
            Discard(staging);
            Discard(before);
            DurableFolder.Create(Path.GetDirectoryName(full)!);
            Directory.CreateDirectory(staging);
            SafetensorsWriter.Write(
                Path.Combine(staging, WeightsName), [.. tensors], new Dictionary<string, string> { ["format"] = "pt" });
            foreach (var (name, contents) in others.Append(new(AdapterConfig.FileName, settings.ToJson())))
                OutputFile.Replace(Path.Combine(staging, name), file => file.Write(contents, 0));
            LinuxFile.SyncFolder(staging);
            if (Directory.Exists(full))
                Replace(staging, full, before);
            else
                Move(staging, full);
        }
        catch (NotUndoneException e)
        {
            throw WriteError.From(e, folder);
        }
        catch (Exception e)
        {
            // It would be made anew. Where it cannot be removed either, the first error says more.
            try
            {
                Discard(staging);
            }
            catch (Exception second) when (WriteError.Covers(second))
            {
            }

            if (WriteError.Covers(e))
                throw WriteError.From(e, folder);
            throw;
        }
    }

    private static void Move(string staging, string full)
    {
        Directory.Move(staging, full);
        SyncParent(full, () => Directory.Move(full, staging));
    }

    private static void Replace(string staging, string full, string before)
    {
        if (LinuxFile.TryExchange(staging, full))
        {
            SyncParent(full, () => LinuxFile.Exchange(staging, full), kept: staging);
            DiscardReplaced(staging, full);
            return;
        }

        // What was there is kept until the new folder has its place.
        Directory.Move(full, before);
        Undoing.IfFails(() => Directory.Move(before, full), () => Move(staging, full), kept: before);
        DiscardReplaced(before, full);
    }

    private static void DiscardReplaced(string folder, string full)
    {
        try
        {
            Discard(folder);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, $"{full} is complete; what it replaced cannot be deleted: {folder}");
        }
    }

    /// <summary>After a failed flush the new name may not be on the disk, so that it is taken back.</summary>
    private static void SyncParent(string full, Action undo, string? kept = null) =>
        Undoing.IfFails(undo, () => LinuxFile.SyncFolder(Path.GetDirectoryName(full)!), kept);

    private static void Discard(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // There is nothing to discard.
        }
    }
}
