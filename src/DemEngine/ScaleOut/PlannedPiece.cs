using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Merging.Planning;

namespace DemEngine.ScaleOut;

/// <summary>What a part writes of a shard: a file of its own, which no other part writes to.</summary>
/// <param name="Shard">Index of the shard.</param>
/// <param name="Tensors">Tensors of the piece.</param>
/// <param name="Begin">Offset in the shard of the piece's first byte; that of the header is in the first piece.</param>
/// <param name="End">Offset in the shard after the piece's last byte.</param>
/// <param name="FileName">Name of the piece's file.</param>
/// <param name="IsWhole">Whether the piece is the whole shard.</param>
internal sealed record PlannedPiece(int Shard, TensorRange Tensors, long Begin, long End, string FileName, bool IsWhole)
{
    /// <summary>
    /// Offset in the shard of the file's first byte. It is rounded down, so that each byte has the same place in a block in both
    /// files, and a file system can share the blocks.
    /// </summary>
    public long Origin => Begin / OutputFile.SharedBlockBytes * OutputFile.SharedBlockBytes;

    /// <summary>Length of the file in bytes.</summary>
    public long Length => End - Origin;

    /// <summary>Whether a file is there and has a length.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="length">Length in bytes.</param>
    public static bool HasLength(string path, long length) =>
        ExistingFile.IsThere(path) && new FileInfo(path).Length == length;

    /// <summary>Lists the pieces of a part, in the order of the shards.</summary>
    /// <param name="layout">Layout of the whole output.</param>
    /// <param name="range">Tensors of the part.</param>
    public static ImmutableArray<PlannedPiece> Of(ShardLayout layout, TensorRange range)
    {
        var pieces = ImmutableArray.CreateBuilder<PlannedPiece>();
        for (int first = range.First; first < range.End;)
        {
            int shard = layout.Tensors[first].Shard;
            int end = first;
            while (end < range.End && layout.Tensors[end].Shard == shard)
                end++;
            bool isStart = first == 0 || layout.Tensors[first - 1].Shard != shard;
            bool isEnd = end == layout.Tensors.Length || layout.Tensors[end].Shard != shard;
            PlannedShard file = layout.Shards[shard];
            pieces.Add(new PlannedPiece(
                shard,
                new TensorRange(first, end - first),
                isStart ? 0 : layout.Tensors[first].Offset,
                isEnd ? file.Length : layout.Tensors[end].Offset,
                isStart && isEnd ? file.FileName : $"{file.FileName}.piece",
                isStart && isEnd));
            first = end;
        }

        return pieces.ToImmutable();
    }

    /// <summary>Lays out the files of a part.</summary>
    /// <param name="layout">Layout of the whole output.</param>
    /// <param name="pieces">Pieces of the part.</param>
    public static ShardLayout Layout(ShardLayout layout, ImmutableArray<PlannedPiece> pieces) => ShardLayout.Of(
        [
            .. pieces.Select(piece => piece.Begin == 0
                ? layout.Shards[piece.Shard] with { FileName = piece.FileName, Length = piece.Length }
                : new PlannedShard(piece.FileName, ReadOnlyMemory<byte>.Empty, piece.Length)),
        ],
        [
            .. pieces.SelectMany((piece, file) => Enumerable.Range(piece.Tensors.First, piece.Tensors.Count)
                .Select(at => layout.Tensors[at])
                .Select(place => place with { Shard = file, Offset = place.Offset - piece.Origin })),
        ]);
}
