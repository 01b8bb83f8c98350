using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>Tensors of one shape as the rows of a single one, which are read from where they lie.</summary>
internal sealed class StackedTensor : TensorReader
{
    private readonly ImmutableArray<TensorReader> _parts;
    private readonly long _partElements;

    /// <param name="parts">The tensors, all of one type and one number of elements, which is not zero.</param>
    /// <param name="name">Name of the whole.</param>
    /// <param name="shape">Shape of the whole, of as many elements as all parts have.</param>
    public StackedTensor(ImmutableArray<TensorReader> parts, string name, TensorShape shape)
        : base(new TensorSpec(name, parts[0].Spec.Type, shape))
    {
        _parts = parts;
        _partElements = parts[0].Spec.Shape.ElementCount;
    }

    public override ElementType ModelType => _parts[0].ModelType;

    // An element is read from one part only, so that all parts together cost what the first of them does.
    public override IReadOnlyList<TensorReader> MadeFrom => _parts[0].MadeFrom;

    public override IEnumerable<StoredTensor> InFiles => _parts.SelectMany(part => part.InFiles);

    public override int ElementBytes => _parts[0].ElementBytes;

    public override ComputingMemory Computing =>
        _parts.Aggregate(default(ComputingMemory), (most, part) => most.Or(part.Computing));

    public override bool IsCopied => true;

    public override TensorReader Rebind(Func<TensorReader, TensorReader> replace)
    {
        ImmutableArray<TensorReader> bound = [.. _parts.Select(part => part.Rebind(replace))];
        return bound.SequenceEqual(_parts) ? this : new StackedTensor(bound, Spec.Name, Spec.Shape);
    }

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context)
    {
        var output = new TypedBytes(Spec.Type, room.Slice(0, count * Spec.Type.Size));
        foreach (var (part, from, there, at) in Pieces(first, count))
        {
            TypedBytes target = output.Slice((int)at, (int)there);
            ReadOnlySpan<byte> read = part.Read(from, (int)there, target.Bytes, context).Bytes.Span;

            // What lies in memory is not read into the room.
            if (!read.Overlaps(target.Bytes.Span))
                read.CopyTo(target.Bytes.Span);
        }

        return output;
    }

    public override void WillNeed(long first, long count)
    {
        foreach (var (part, from, there, _) in Pieces(first, count))
            part.WillNeed(from, there);
    }

    private IEnumerable<(TensorReader Part, long From, long Count, long At)> Pieces(long first, long count)
    {
        for (long done = 0; done < count;)
        {
            var (part, from) = Math.DivRem(first + done, _partElements);
            long there = Math.Min(count - done, _partElements - from);
            yield return (_parts[(int)part], from, there, done);
            done += there;
        }
    }
}
