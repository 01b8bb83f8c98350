using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Reads the inputs of the operations on differences: the base, the sources, and the ranks that filters need. What a source lacks is the base's,
/// from which it does not differ.
/// </summary>
/// <param name="sources">Of the tensor.</param>
/// <param name="rowElements">Elements in a row.</param>
internal sealed class DeltaInputs(TensorSources sources, long rowElements)
{
    /// <summary>Elements of the tensor.</summary>
    public long Elements { get; } = sources.Segments.IsEmpty ? 0 : sources.Segments[^1].End;

    /// <summary>Elements in a row.</summary>
    public long RowElements => rowElements;

    /// <summary>Number of sources.</summary>
    public int SourceCount => sources.All.Length;

    /// <summary>Parts that are made from the same sources; operations do not go beyond one.</summary>
    public ImmutableArray<(long First, long End)> Parts { get; } = [.. sources.Segments.Select(segment => (segment.First, segment.End))];

    /// <summary>Differences as they are in the part that an element lies in.</summary>
    public SparseDeltas In(long first, SparseDeltas deltas)
    {
        ImmutableArray<TermKind> kinds = In(first, [.. deltas.Sources.Select(source => source.Kind)]);
        return deltas with { Sources = [.. deltas.Sources.Select((source, k) => source with { Kind = kinds[k] })] };
    }

    /// <summary>Keys as they are in the part that an element lies in.</summary>
    public DeltaKeys In(long first, DeltaKeys keys) => keys switch
    {
        MagnitudeKeys magnitude => magnitude with { Kinds = In(first, magnitude.Kinds) },
        VarianceKeys spread => spread with { Kinds = In(first, spread.Kinds) },
        ImportanceKeys importance => importance with { Kind = In(first, [importance.Kind])[0] },
        _ => throw new ArgumentOutOfRangeException(nameof(keys), keys.GetType(), "not known"),
    };

    /// <summary>Kinds of the sources as they are in the part that an element lies in.</summary>
    public ImmutableArray<TermKind> In(long first, ImmutableArray<TermKind> kinds)
    {
        Segment segment = SegmentOf(first);
        return [.. kinds.Select((kind, k) => segment.Sources[k] is null ? TermKind.RelativeToBase : kind)];
    }

    /// <summary>Reads all that some operation needs.</summary>
    /// <param name="deltas">As <see cref="In(long, SparseDeltas)"/> gives it.</param>
    /// <param name="first">The first element.</param>
    /// <param name="count">How many, all of one part.</param>
    /// <param name="workspace">The calling thread's.</param>
    public TypedBytes[] Read(SparseDeltas deltas, long first, int count, ITileContext workspace)
    {
        if (!deltas.Sources.Any(source => source.Filter.NeedsRanks))
            return ReadTensors(first, count, workspace);

        // Ranks are those of whole rows. Parts consist of these, but for a tensor of one row that is cut.
        (long First, long End) part = Parts.First(part => first < part.End);
        long length = Math.Min(rowElements, part.End - part.First);
        var rows = RowRange.Around(first - part.First, first + count - part.First, length).After(part.First);
        TypedBytes[] whole = ReadTensors(rows.First, rows.Count, workspace);
        List<TypedBytes> inputs = [.. whole];
        for (int k = 0; k < deltas.Sources.Length; k++)
        {
            SparseDelta source = deltas.Sources[k];
            if (!source.Filter.NeedsRanks)
                continue;
            var ranks = new TypedBytes(ElementType.U32, workspace.Room(rows.Count * sizeof(uint)));
            workspace.Worker.Deltas.Rank(source.Kind, [whole[0], whole[k + 1]], (int)length, MemoryMarshal.Cast<byte, uint>(ranks.Bytes.Span));
            inputs.Add(ranks);
        }

        return [.. inputs.Select(input => input.Slice((int)(first - rows.First), count))];
    }

    /// <summary>Reads the base and the sources.</summary>
    public TypedBytes[] ReadTensors(long first, int count, ITileContext workspace) =>
    [
        workspace.Read(sources.Base, first, count),
        .. SegmentOf(first).Sources.Select(source => workspace.Read(source ?? sources.Base, first, count)),
    ];

    /// <summary>Reads pieces of the base and the sources, all of one part, one after the other.</summary>
    public TypedBytes[] ReadTensors((long First, int Count)[] pieces, ITileContext workspace)
    {
        TypedBytes[]? gathered = null;
        int at = 0;
        foreach (var (first, count) in pieces)
        {
            TypedBytes[] piece = ReadTensors(first, count, workspace);
            gathered ??= [.. piece.Select(tensor => new TypedBytes(tensor.Type, workspace.Room(pieces.Sum(p => p.Count) * tensor.Type.Size)))];
            for (int k = 0; k < piece.Length; k++)
                piece[k].Bytes.Span.CopyTo(gathered[k].Slice(at, count).Bytes.Span);
            at += count;
        }

        return gathered!;
    }

    private Segment SegmentOf(long first) => sources.Segments.First(segment => first < segment.End);
}
