using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Merging.Inputs;

/// <summary>
/// Reads the inputs of the operations on differences: the base, the sources, and the ranks that masks need. Elements that a
/// source lacks are read from the base, so that their difference is zero.
/// </summary>
/// <param name="sources">Sources of the tensor.</param>
/// <param name="rowElements">Number of elements in a row.</param>
internal sealed class DeltaInputs(TensorSources sources, long rowElements)
{
    private ImmutableArray<(long First, long End)> _parts;

    /// <summary>Number of elements in the tensor.</summary>
    public long Elements { get; } = sources.Segments.IsEmpty ? 0 : sources.Segments[^1].End;

    /// <summary>Number of elements in a row.</summary>
    public long RowElements => rowElements;

    /// <summary>Number of sources.</summary>
    public int SourceCount => sources.All.Length;

    /// <summary>Parts whose elements all have the same sources. No operation crosses the end of a part.</summary>
    public ImmutableArray<(long First, long End)> Parts => _parts.IsDefault
        ? _parts = [.. sources.Segments.Select(segment => (segment.First, segment.End))]
        : _parts;

    /// <summary>Adapts differences to the part that holds element <paramref name="first"/>.</summary>
    public SparseDeltas In(long first, SparseDeltas deltas)
    {
        ImmutableArray<TermKind> kinds = In(first, [.. deltas.Sources.Select(source => source.Kind)]);
        return deltas with { Sources = [.. deltas.Sources.Select((source, k) => source with { Kind = kinds[k] })] };
    }

    /// <summary>Adapts keys to the part that holds element <paramref name="first"/>.</summary>
    public DeltaKeys In(long first, DeltaKeys keys) => keys switch
    {
        MagnitudeKeys magnitude => magnitude with { Kinds = In(first, magnitude.Kinds) },
        VarianceKeys spread => spread with { Kinds = In(first, spread.Kinds) },
        ImportanceKeys importance => importance with { Kind = In(first, [importance.Kind])[0] },
        _ => throw new ArgumentOutOfRangeException(nameof(keys), keys.GetType(), "not known"),
    };

    /// <summary>
    /// Adapts the sources' kinds to the part that holds element <paramref name="first"/>: a source that lacks the part is
    /// replaced by the base, so its term becomes <see cref="TermKind.RelativeToBase"/>.
    /// </summary>
    public ImmutableArray<TermKind> In(long first, ImmutableArray<TermKind> kinds)
    {
        Segment segment = SegmentOf(first);
        return [.. kinds.Select((kind, k) => segment.Sources[k] is null ? TermKind.RelativeToBase : kind)];
    }

    /// <summary>Reads every input that an operation on sparse differences needs: the base, the sources, and the ranks.</summary>
    /// <param name="deltas">Differences as <see cref="In(long, SparseDeltas)"/> returns them for this part.</param>
    /// <param name="first">Index of the first element.</param>
    /// <param name="count">Number of elements, all in one part.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    public TypedBytes[] Read(SparseDeltas deltas, long first, int count, ITileContext workspace)
    {
        if (!deltas.Sources.Any(source => source.Filter.NeedsRanks))
            return ReadTensors(first, count, workspace);

        // Ranks refer to whole rows. A part consists of whole rows, except where a tensor's only row is divided between parts.
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
            workspace.Worker.Deltas.Rank(
                source.Kind, [whole[0], whole[k + 1]], (int)length, MemoryMarshal.Cast<byte, uint>(ranks.Bytes.Span));
            inputs.Add(ranks);
        }

        return [.. inputs.Select(input => input.Slice((int)(first - rows.First), count))];
    }

    /// <summary>Requests a range of the inputs ahead of time. Inputs that end before it are left out.</summary>
    /// <param name="first">Index of the first element.</param>
    /// <param name="count">Number of elements.</param>
    public void WillNeed(long first, long count)
    {
        foreach (TensorReader input in sources.Inputs)
        {
            long there = Math.Min(count, input.Spec.Shape.ElementCount - first);
            if (there > 0)
                input.WillNeed(first, there);
        }
    }

    /// <summary>Reads the base and the sources.</summary>
    public TypedBytes[] ReadTensors(long first, int count, ITileContext workspace) =>
    [
        workspace.Read(sources.Base, first, count),
        .. SegmentOf(first).Sources.Select(source => workspace.Read(source ?? sources.Base, first, count)),
    ];

    /// <summary>Reads pieces of the base and the sources, all in one part, and concatenates the pieces of each tensor.</summary>
    public TypedBytes[] ReadTensors((long First, int Count)[] pieces, ITileContext workspace)
    {
        TypedBytes[]? gathered = null;
        int at = 0;
        foreach (var (first, count) in pieces)
        {
            TypedBytes[] piece = ReadTensors(first, count, workspace);
            gathered ??=
            [
                .. piece.Select(tensor =>
                    new TypedBytes(tensor.Type, workspace.Room(pieces.Sum(p => p.Count) * tensor.Type.Size))),
            ];
            for (int k = 0; k < piece.Length; k++)
                piece[k].Bytes.Span.CopyTo(gathered[k].Slice(at, count).Bytes.Span);
            at += count;
        }

        return gathered!;
    }

    private Segment SegmentOf(long first) => sources.Segments.First(segment => first < segment.End);
}
