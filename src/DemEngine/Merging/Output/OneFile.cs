using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>An output that is one file in place of a folder.</summary>
internal static class OneFile
{
    /// <summary>Checks that the file may be created, and changes nothing.</summary>
    /// <param name="plan">The plan to be carried out.</param>
    /// <param name="path">Path of the file.</param>
    /// <param name="ending">Ending that its name must have.</param>
    /// <param name="overwrite">Whether an existing file of this tool may be replaced.</param>
    /// <param name="isOurs">Function that says whether an existing file is of this tool.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument), DEM1002 (OutputExists), DEM1003 (OutputNotOurs) or DEM1004 (OutputOverlapsInput).
    /// </exception>
    public static void Check(OutputPlan plan, string path, string ending, bool overwrite, Func<Checkpoint, bool> isOurs)
    {
        if (!path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            throw Refused(path, $"a single file {(ending == ".gguf" ? "of GGUF " : "")}ends in {ending}");
        if (Directory.Exists(path))
            throw Refused(path, "this is a folder");
        StagingDirectory.CheckOverlap(path, plan.Checkpoints.SelectMany(checkpoint => checkpoint.PathsOnDisk));
        if (!File.Exists(path))
            return;
        if (!overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{path}: the file is there already") { Path = path };
        if (!IsOurs(path, isOurs))
            throw new DemException(ErrorCode.OutputNotOurs, $"{path}: nothing in the file says that this tool wrote it")
            {
                Path = path,
            };
    }

    /// <summary>Makes the file, which has its name once all of it is on disk.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <param name="write">Function that writes the contents.</param>
    public static void Write(string path, Action<OutputFile> write)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, path);
        }

        OutputFile.Replace(path, write);
    }

    /// <summary>Makes the error of a path that cannot be that of the output.</summary>
    public static DemException Refused(string path, string why) =>
        new(ErrorCode.BadArgument, $"{path}: {why}") { Path = path };

    private static bool IsOurs(string path, Func<Checkpoint, bool> isOurs)
    {
        try
        {
            using Checkpoint file = Checkpoint.Open(path);
            return isOurs(file);
        }
        catch (DemException)
        {
            return false;
        }
    }
}
