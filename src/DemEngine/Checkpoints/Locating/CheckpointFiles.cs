using System.Collections.Immutable;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.Locating;

/// <summary>Files that make up a checkpoint.</summary>
/// <param name="Folder">Path of the folder that holds them and the configuration.</param>
/// <param name="Weights">Paths of the files with the weights, in the order of their names.</param>
/// <param name="Index">Path of the index that names the weights; null if there is none.</param>
/// <param name="Map">File name of each tensor's shard, by the tensor's name, as the index says; null without one.</param>
internal sealed record CheckpointFiles(
    string Folder,
    string[] Weights,
    string? Index = null,
    WeightMap? Map = null)
{
    /// <summary>Notes on which files were taken where several could be.</summary>
    public ImmutableArray<string> Remarks { get; init; } = [];

    /// <summary>Name of the index file of a sharded checkpoint.</summary>
    public const string IndexName = "model.safetensors.index.json";

    /// <summary>Name of the only file of an unsharded checkpoint.</summary>
    public const string SingleName = "model.safetensors";

    /// <summary>Finds the files of a checkpoint.</summary>
    /// <param name="path">
    /// Path of a folder or of a file: weights, or an index. The root of a model in a Hugging Face cache stands for its
    /// snapshot, and an id <c>org/name</c> for the model in the local cache.
    /// </param>
    /// <param name="pool">Names that were read before; null for none.</param>
    /// <exception cref="DemException">
    /// DEM2001 (CheckpointNotFound), DEM2010 to DEM2013 (BadIndex to AmbiguousCheckpoint) or DEM2025 (Adapter): there is no
    /// checkpoint, or not a whole one.
    /// </exception>
    public static CheckpointFiles Find(string path, NamePool? pool = null)
    {
        if (ExistingFile.IsThere(path))
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
            return WeightNames.IsIndex(path)
                ? OfIndex(folder, path, pool)
                : new CheckpointFiles(folder, GgufParts.Of(path));
        }

        if (Directory.Exists(path))
            return OfFolder(HubCache.SnapshotOf(path) ?? path, pool);
        if (NamedModel.Find(path) is { } named)
            return Find(named, pool);
        throw HubCache.IsId(path) && path.Contains('/', StringComparison.Ordinal)
            ? new DemException(
                ErrorCode.CheckpointNotFound,
                $"{path}: there is no such folder or file, and the local Hugging Face cache does not have it",
                remedy: HubCache.RemedyFor(path))
            {
                Path = path,
            }
            : new DemException(ErrorCode.CheckpointNotFound, $"{path}: there is no such folder or file") { Path = path };
    }

    private static CheckpointFiles OfFolder(string path, NamePool? pool)
    {
        string[] names = NamesIn(path);
        if (Named(path, names, WeightNames.Safetensors, pool) is { } safetensors)
        {
            string[] passedOver = [.. WeightNames.PyTorch.SelectMany(one => new[] { one.Index, one.Single }).Intersect(names)];
            return passedOver.Length == 0 ? safetensors : safetensors with
            {
                Remarks =
                [
                    $"{path}: the safetensors files are read, and {Quoted.List(passedOver)} beside them "
                    + $"{(passedOver.Length == 1 ? "is" : "are")} not",
                ],
            };
        }

        bool hasSafetensors = names.Any(name => name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase));
        if (!hasSafetensors && Named(path, names, WeightNames.PyTorch, pool) is { } pickled)
            return pickled;
        return GgufParts.Only(names) is { } only
            ? new CheckpointFiles(path, GgufParts.Of(Path.Combine(path, only)))
            : throw FolderContents.Refuse(path, names);
    }

    /// <summary>Finds the files of a folder under names that libraries give them; null if there are none.</summary>
    private static CheckpointFiles? Named(
        string path, string[] names, IReadOnlyList<WeightNames> known, NamePool? pool)
    {
        foreach (WeightNames one in known)
        {
            string index = Path.Combine(path, one.Index);
            string single = Path.Combine(path, one.Single);
            if (ExistingFile.IsThere(index))
            {
                CheckpointFiles files = OfIndex(Path.GetDirectoryName(Path.GetFullPath(index))!, index, pool);
                string listed = Path.Combine(files.Folder, one.Single);
                return !ExistingFile.IsThere(single) || files.Weights.Contains(listed, StringComparer.Ordinal)
                    ? files
                    : throw new DemException(ErrorCode.AmbiguousCheckpoint, $"{path}: {one.Single} and {one.Index}")
                    {
                        Path = path,
                    };
            }

            if (ExistingFile.IsThere(single))
                return new CheckpointFiles(path, [single]);
        }

        if (ShardNames.Find(names, known[0].Suffix) is not [var shards])
            return null;
        return shards.IsComplete
            ? new CheckpointFiles(path, [.. shards.Files.Values.Select(file => Path.Combine(path, file))])
            : throw new DemException(
                ErrorCode.MissingShard,
                $"{path}: {shards.Files.Count} of {shards.Count} shards {(shards.Files.Count == 1 ? "is" : "are")} there; "
                + $"missing {Quoted.List([.. shards.Missing])}")
            {
                Path = path,
            };
    }

    private static CheckpointFiles OfIndex(string folder, string index, NamePool? pool)
    {
        WeightMap map = CheckpointIndex.Read(index, pool);
        string[] shards = [.. map.Shards.Order(StringComparer.Ordinal)];
        string[] missing = [.. shards.Where(shard => !ExistingFile.IsThere(Path.Combine(folder, shard)))];
        WeightNames names = WeightNames.OfIndex(index);
        if (missing.Length > 0)
            throw Incomplete(folder, index, names, shards.Length, missing);

        // A shard of the same set that the index does not name holds tensors that nobody would miss.
        string[] unlisted =
        [
            .. ShardNames.Find(NamesIn(folder), names.Suffix).Where(set => set.Files.Values.Intersect(shards).Any())
                .SelectMany(set => set.Files.Values).Except(shards),
        ];
        if (unlisted.Length > 0)
            throw new DemException(
                ErrorCode.BadIndex,
                $"{index}: {unlisted.Length} shards that lie beside it are not in it: {Quoted.List(unlisted)}",
                remedy: "Fetch the index again, from the revision of the shards, or remove it: without an index the shards "
                    + "are read by their names.")
            {
                Path = index,
            };
        return new CheckpointFiles(folder, [.. shards.Select(shard => Path.Combine(folder, shard))], index, map);
    }

    private static DemException Incomplete(
        string folder, string index, WeightNames names, int count, string[] missing)
    {
        string what = missing.Length == 1
            ? $"{index}: the shard {Quoted.Name(missing[0])} is not there"
            : $"{index}: of {count} shards {missing.Length} are not there: {Quoted.List(missing)}";
        if (missing.Length == count && File.Exists(Path.Combine(folder, names.Single)))
            return new DemException(
                ErrorCode.MissingShard,
                $"{what}, but {names.Single} is",
                remedy: $"If {names.Single} is the model, remove or rename the index, or give that file itself; "
                    + "else fetch the shards.");

        return ShardNames.Find(NamesIn(folder), names.Suffix).Where(other => other.IsComplete).ToArray() is [var whole]
            ? new DemException(
                ErrorCode.MissingShard,
                $"{what}; {whole.Count} whole shards of another division are, such as {Quoted.Name(whole.Files[1])}",
                remedy: "The index is of another revision. Fetch the index that belongs to these shards, or remove it: "
                    + "without an index the shards are read by their names.")
            : new DemException(ErrorCode.MissingShard, what);
    }

    private static string[] NamesIn(string folder) =>
        [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
}
