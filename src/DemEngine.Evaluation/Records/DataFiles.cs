using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using DemEngine.Checkpoints.Locating;
using DemEngine.Errors;

namespace DemEngine.Evaluation.Records;

/// <summary>
/// The rows of a data file of any kind: JSON Lines, a JSON array, Parquet, or Arrow as a file (Feather) or a stream. The kind
/// follows from the file's first bytes.
/// </summary>
internal static class DataFiles
{
    /// <summary>
    /// Whether Parquet files are read. The library for them looks at types while it runs, which a program that is compiled ahead
    /// of time cannot do; such a build leaves it out.
    /// </summary>
    [FeatureSwitchDefinition("DemEngine.Evaluation.Parquet")]
    private static bool ReadsParquet =>
        AppContext.TryGetSwitch("DemEngine.Evaluation.Parquet", out bool isIncluded)
            ? isIncluded
            : RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>Enumerates the rows of a file.</summary>
    /// <exception cref="DemException">
    /// DEM2111 (DataNotFound): the file cannot be read. DEM2083 (BadDataFile): it is damaged. DEM2112 (BadDataLine): a line of
    /// JSON Lines is longer than 256 MiB. DEM1009 (NotInThisBuild): it is Parquet, and this program has no reader for it.
    /// </exception>
    public static IEnumerable<DataRow> Read(string path) => KindOf(path) switch
    {
        DataFileKind.Parquet when ReadsParquet => ParquetRows.Read(path),
        DataFileKind.Parquet => throw new DemException(
            ErrorCode.NotInThisBuild,
            $"{path}: this program was compiled without a reader of Parquet files",
            remedy: "Use the one that runs on .NET, or write the rows as JSON Lines.")
        {
            Path = path,
        },
        DataFileKind.Arrow => ArrowRows.Read(path),
        DataFileKind.JsonArray => JsonArrayRows.Read(path),
        _ => JsonLines.Read(path),
    };

    /// <summary>Opens a data file.</summary>
    /// <exception cref="DemException">DEM2111 (DataNotFound): the file cannot be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.DataNotFound, $"{path}: {FileFault.Describe(e)}", e) { Path = path };
        }
    }

    /// <summary>Makes the error DEM2083 (BadDataFile).</summary>
    public static DemException Damaged(string path, string what, Exception? inner = null, string? remedy = null) =>
        new(ErrorCode.BadDataFile, $"{path}: {what}", inner, remedy) { Path = path };

    private static DataFileKind KindOf(string path)
    {
        using FileStream file = Open(path);
        if (!file.CanSeek)
            return DataFileKind.JsonLines;
        Span<byte> first = stackalloc byte[1024];
        try
        {
            first = first[..file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.DataNotFound, $"{path}: {FileFault.Describe(e)}", e) { Path = path };
        }

        if (first.StartsWith("PAR1"u8))
            return DataFileKind.Parquet;

        // A stream of Arrow begins with a continuation mark.
        if (first.StartsWith("ARROW1"u8) || first.StartsWith(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }))
            return DataFileKind.Arrow;
        if (first.StartsWith("FEA1"u8))
            throw Damaged(path, "this is the first version of Feather, which is not read; write it as the second");
        if (FileSignature.Of(first) is { } other)
            throw new DemException(ErrorCode.BadDataFile, $"{path}: {other.What}", remedy: other.Remedy) { Path = path };
        int start = first.IndexOfAnyExcept(" \t\r\n\uFEFF"u8);
        return start >= 0 && first[start] == '[' ? DataFileKind.JsonArray : DataFileKind.JsonLines;
    }

    private enum DataFileKind
    {
        JsonLines,
        JsonArray,
        Parquet,
        Arrow,
    }
}
