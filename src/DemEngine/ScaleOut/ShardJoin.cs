using System.Collections.Concurrent;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Memory;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;

namespace DemEngine.ScaleOut;

/// <summary>
/// Puts one shard together from what the parts wrote, and reads it back to compare it with the hashes that they recorded. Nothing
/// of the parts is lost before that: a whole shard is moved once it is found right, and pieces are copied.
/// </summary>
/// <param name="opened">The plan.</param>
/// <param name="parts">Folder of the parts.</param>
/// <param name="entries">Journal entries of all tensors, in the order of the layout.</param>
/// <param name="staging">Folder that the shard goes to.</param>
/// <param name="threads">Number of threads that read and hash.</param>
/// <param name="done">Callback after every tensor, from any thread, with its name and size in bytes.</param>
internal sealed class ShardJoin(
    OpenedPlan opened,
    PartsFolder parts,
    IReadOnlyList<JournalEntry> entries,
    string staging,
    int threads,
    Action<string, long> done)
{
    private readonly ILookup<int, (int Part, PlannedPiece Piece)> _pieces = opened.Pieces
        .SelectMany((pieces, part) => pieces.Select(piece => (Part: part, Piece: piece)))
        .ToLookup(one => one.Piece.Shard);

    private ShardLayout Layout => opened.Plan.Layout;

    /// <summary>Number of bytes that are copied for the shards that are cut.</summary>
    public long CopiedBytes => Enumerable.Range(0, Layout.Shards.Length)
        .Where(shard => !IsWhole(shard) && !File.Exists(PathOf(shard)))
        .Sum(shard => Layout.Shards[shard].Length);

    /// <summary>Puts a shard together.</summary>
    /// <param name="shard">Index of the shard.</param>
    /// <param name="cancel">Token that stops the work.</param>
    /// <returns>Parts whose data are damaged or lost; none if the shard is in its place.</returns>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed), DEM4003 (ReadFailed).</exception>
    public IReadOnlyCollection<int> Join(int shard, CancellationToken cancel)
    {
        string target = PathOf(shard);
        (int Part, PlannedPiece Piece)[] pieces = [.. _pieces[shard]];
        TensorRange range = pieces.Length == 0
            ? default
            : new(pieces[0].Piece.Tensors.First, pieces.Sum(one => one.Piece.Tensors.Count));

        // A join that was stopped has put it there already.
        if (ExistingFile.IsThere(target))
        {
            IReadOnlyCollection<int> wrong = Damaged(target, shard, range, origin: 0, cancel);
            if (wrong.Count > 0)
                OutputFile.TryDelete(target);
            return wrong;
        }

        if (IsWhole(shard))
        {
            string source = Path.Combine(parts.Of(pieces[0].Part), pieces[0].Piece.FileName);
            IReadOnlyCollection<int> wrong = Damaged(source, shard, range, origin: 0, cancel);
            if (wrong.Count == 0)
                Move(source, target);
            return wrong;
        }

        (int Part, PlannedPiece Piece)[] lost = [.. pieces.Where(one => !PlannedPiece.HasLength(FileOf(one), one.Piece.Length))];
        if (lost.Length > 0)
            return [.. lost.Select(one => one.Part)];
        string partial = $"{target}.partial";
        Copy(shard, pieces, partial);
        if (Damaged(partial, shard, range, origin: 0, cancel).Count == 0)
        {
            Move(partial, target);
            return [];
        }

        int[] damaged =
        [
            .. pieces.SelectMany(one => Damaged(FileOf(one), shard, one.Piece.Tensors, one.Piece.Origin, cancel)).Distinct(),
        ];
        return damaged.Length > 0
            ? damaged
            : throw new DemException(ErrorCode.WriteFailed, $"{partial}: what was written there is not what is read from there");
    }

    private string PathOf(int shard) => Path.Combine(staging, Layout.Shards[shard].FileName);

    private string FileOf((int Part, PlannedPiece Piece) one) => Path.Combine(parts.Of(one.Part), one.Piece.FileName);

    private bool IsWhole(int shard) => _pieces[shard].FirstOrDefault() is { Piece.IsWhole: true };

    private void Copy(int shard, (int Part, PlannedPiece Piece)[] pieces, string path)
    {
        PlannedShard planned = Layout.Shards[shard];
        using OutputFile file = OutputFile.Create(path);
        file.SetLength(planned.Length);
        foreach (var one in pieces)
        {
            using OutputFile source = OutputFile.Open(FileOf(one));
            file.CopyFrom(source, one.Piece.Begin - one.Piece.Origin, one.Piece.Begin, one.Piece.End - one.Piece.Begin);
        }

        if (pieces.Length == 0)
            file.Write(planned.Header.Span, 0);
        file.Sync();
    }

    /// <summary>Finds the parts whose tensors in a file do not have the bytes that they recorded.</summary>
    private IReadOnlyCollection<int> Damaged(string path, int shard, TensorRange range, long origin, CancellationToken cancel)
    {
        if (!ExistingFile.IsThere(path))
            return [.. _pieces[shard].Select(one => one.Part)];
        using OutputFile file = OutputFile.Open(path);
        file.Sync();
        file.DropFromCache();
        if (origin == 0 && !HasHeader(file, Layout.Shards[shard].Header.Span) && _pieces[shard].Any())
            return [_pieces[shard].First().Part];
        var damaged = new ConcurrentDictionary<int, bool>();
        int next = range.First - 1;
        WorkerThreads.Run(
            Math.Max(1, Math.Min(threads, range.Count)),
            (_, stop) =>
            {
                using var buffer = new NativeBuffer(ContentHash.LeafBytes);
                for (int at; (at = Interlocked.Increment(ref next)) < range.End;)
                {
                    PlacedTensor place = Layout.Tensors[at];
                    string hash = TensorHasher.HashOf(
                        place.Spec.ByteLength,
                        (from, bytes) => file.Read(place.Offset - origin + from, bytes.Span),
                        buffer.Bytes,
                        stop);
                    if (hash != entries[at].Hash)
                        damaged[PartOf(shard, at)] = true;
                    done(place.Spec.Name, place.Spec.ByteLength);
                }
            },
            cancel);
        return [.. damaged.Keys.Order()];
    }

    private int PartOf(int shard, int tensor) =>
        _pieces[shard].First(one => tensor >= one.Piece.Tensors.First && tensor < one.Piece.Tensors.End).Part;

    private static bool HasHeader(OutputFile file, ReadOnlySpan<byte> header)
    {
        byte[] there = new byte[header.Length];
        return file.Read(0, there) == there.Length && header.SequenceEqual(there);
    }

    private static void Move(string source, string target)
    {
        try
        {
            File.Move(source, target, overwrite: true);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, target);
        }
    }
}
