using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.PyTorch;
using DemEngine.Checkpoints.Shards;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Checks all that is in PyTorch's archives against the checksums that they state.</summary>
internal static class ArchiveVerification
{
    /// <summary>Whether a checkpoint is in such archives, and no manifest lies beside it.</summary>
    public static bool IsFor(Checkpoint checkpoint) =>
        checkpoint.IsTorch && !File.Exists(Path.Combine(checkpoint.Folder, Manifest.FileName));

    /// <summary>Reads every file in the archives once.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="options">Run options: threads, memory and I/O.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">
    /// DEM2041 (BadTorchFile), DEM2042 (TorchFormNotRead): a directory is damaged, or a part is compressed. DEM2086
    /// (NoChecksums): no archive states a checksum. DEM4003 (ReadFailed), DEM4005 (InputChanged).
    /// </exception>
    public static VerifyReport Run(
        Checkpoint checkpoint, RunOptions options, Action<RunProgress>? progress, CancellationToken cancel)
    {
        var shards = new List<IShardReader>();
        using var readers = new ShardReaders(options.Io);
        try
        {
            var records = new List<(string File, ArchiveRecord Record, IShardReader Shard)>();
            foreach (string file in checkpoint.Files)
            {
                shards.Add(readers.Open(file));
                ZipDirectory archive = ZipDirectory.Read(shards[^1]);
                records.AddRange(archive.Entries.OrderBy(entry => entry.Header)
                    .Select(entry => (file, archive.RecordOf(entry), shards[^1])));
            }

            string Name((string File, ArchiveRecord Record, IShardReader Shard) record) =>
                shards.Count == 1 ? record.Record.Name : $"{Path.GetFileName(record.File)}: {record.Record.Name}";
            ChecksummedRecord[] stated =
            [
                .. records.Where(record => record.Record is { HasChecksum: true, Length: > 0 })
                    .Select(record => new ChecksummedRecord(Name(record), record.Record, record.Shard)),
            ];
            if (stated.Length == 0)
                throw new DemException(ErrorCode.NoChecksums, $"{checkpoint.Path}: no file in the archive has a checksum")
                {
                    Path = checkpoint.Path,
                };
            using var backend = new NullBackend();
            TensorPass.Run("verifying", stated, options, backend, progress, cancel);
            checkpoint.CheckUnchanged();
            return new VerifyReport(
                checkpoint.Path,
                stated.Length,
                stated.Sum(record => record.Count),
                [.. stated.Where(record => !record.IsIntact).Select(record => record.Name)],
                [],
                [])
            {
                WithoutChecksum = records.Count(record => record.Record is { HasChecksum: false, Length: > 0 }),
            };
        }
        finally
        {
            foreach (IShardReader shard in shards)
                shard.Dispose();
        }
    }

    /// <summary>A file in an archive, as a run of bytes whose checksum is computed tile by tile.</summary>
    private sealed class ChecksummedRecord(string name, ArchiveRecord record, IShardReader shard)
        : PassTensor(name, [Bytes(name, record, shard)], 0, record.Length)
    {
        private readonly SortedDictionary<int, Checksum> _tiles = [];

        /// <summary>Whether the contents are what the checksum says; known after the last tile.</summary>
        public bool IsIntact { get; private set; }

        public override void Visit(int tile, long from, int elements, ITileContext workspace)
        {
            Checksum sum = Checksum.Of(workspace.Read(Inputs[0], from, elements).Bytes.Span);
            lock (_tiles)
                _tiles.Add(tile, sum);
        }

        public override void Finish() =>
            IsIntact = _tiles.Values.Aggregate((first, next) => first.Then(next)).Value == record.Checksum;

        private static StoredTensorReader Bytes(string name, ArchiveRecord record, IShardReader shard) =>
            new(new StoredTensor(new TensorSpec(name, ElementType.U8, new TensorShape(record.Length)), shard, record.Start));
    }
}
