using DemEngine.Files;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>Finds the file of an adapter.</summary>
internal static class AdapterFiles
{
    private const string PeftName = "adapter_model";

    /// <summary>Whether a file has the name that PEFT gives the factors.</summary>
    public static bool IsPeftName(string file) => file.StartsWith(PeftName, StringComparison.Ordinal);

    /// <summary>Whether a path is a folder with an adapter of PEFT and no model.</summary>
    public static bool IsFolder(string path) =>
        Directory.Exists(path) && !File.Exists(Path.Combine(path, ModelConfig.FileName))
        && Directory.EnumerateFiles(path, $"{PeftName}.*").Any();

    /// <summary>Returns what an adapter is called: its folder where PEFT wrote it, else its file.</summary>
    public static string NameOf(Checkpoint adapter) =>
        IsPeftName(Path.GetFileName(adapter.Path)) ? Path.GetDirectoryName(adapter.Path)! : adapter.Path;

    /// <summary>Finds the file with the factors.</summary>
    /// <param name="path">Path of a folder of PEFT, or of a single file; or the id of a repository in the local cache.</param>
    /// <exception cref="DemException">DEM2001 (CheckpointNotFound): there is none.</exception>
    public static string Find(string path)
    {
        if (File.Exists(path))
            return path;
        string? folder = Directory.Exists(path) ? HubCache.SnapshotOf(path) ?? path : NamedModel.Find(path);
        if (File.Exists(folder))
            return folder;
        if (folder is null)
            throw new DemException(ErrorCode.CheckpointNotFound, $"{path}: there is no such folder or file") { Path = path };
        string[] named = [.. new[] { ".safetensors", ".bin" }.Select(suffix => Path.Combine(folder, PeftName + suffix))];
        if (named.FirstOrDefault(File.Exists) is { } found)
            return found;
        string[] others = Directory.GetFiles(folder, "*.safetensors");
        return others is [var only] && !File.Exists(Path.Combine(folder, ModelConfig.FileName))
            ? only
            : throw new DemException(
                ErrorCode.NotAnAdapter,
                $"{folder}: there is no {PeftName}.safetensors"
                + (others.Length > 1 ? $", and {others.Length} other safetensors files" : ""),
                remedy: others.Length > 1 ? "Give the file that is meant, itself." : null)
            {
                Path = folder,
            };
    }
}
