using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>A tensor outside the managed heap, of any size: in segments, since a span holds no more than 2 GiB.</summary>
internal sealed class MemoryTensor : ITensorData, IDisposable
{
    /// <summary>Bytes of all segments but the last.</summary>
    public const int DefaultSegmentBytes = 1 << 30;

    private readonly int _segmentBytes;
    private readonly NativeBuffer[] _segments;

    /// <param name="spec">What it is.</param>
    /// <param name="segmentBytes">Largest segment; smaller ones are for tests.</param>
    public MemoryTensor(TensorSpec spec, int segmentBytes = DefaultSegmentBytes)
    {
        Spec = spec;
        _segmentBytes = segmentBytes;
        long bytes = spec.ByteLength;
        _segments = new NativeBuffer[(int)Math.Max(1, (bytes + segmentBytes - 1) / segmentBytes)];
        try
        {
            for (int k = 0; k < _segments.Length; k++)
                _segments[k] = new NativeBuffer((int)Math.Min(segmentBytes, bytes - ((long)k * segmentBytes)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public TensorSpec Spec { get; }

    public TypedBytes Read(long first, int count, NativeBytes scratch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Spec.Shape.ElementCount - first);
        long offset = first * Spec.Type.Size;
        int length = checked(count * Spec.Type.Size);
        NativeBytes part = Part(offset, length);
        if (part.Length == length)
            return new TypedBytes(Spec.Type, part);

        NativeBytes whole = scratch.Slice(0, length);
        for (int done = 0; done < length; done += part.Length)
        {
            part = Part(offset + done, length - done);
            part.Span.CopyTo(whole.Span[done..]);
        }

        return new TypedBytes(Spec.Type, whole);
    }

    /// <summary>The place of some bytes, where it is one, or else a buffer.</summary>
    /// <param name="offset">Of the first one.</param>
    /// <param name="buffer">As long as they are.</param>
    public NativeBytes RoomFor(long offset, NativeBytes buffer)
    {
        NativeBytes part = Part(offset, buffer.Length);
        return part.Length == buffer.Length ? part : buffer;
    }

    /// <summary>Copies bytes in, unless they were made where they belong.</summary>
    /// <param name="offset">Of the first one.</param>
    /// <param name="bytes">Which.</param>
    public void Write(long offset, NativeBytes bytes)
    {
        for (int done = 0; done < bytes.Length;)
        {
            NativeBytes part = Part(offset + done, bytes.Length - done);
            if (part.Address != bytes.Address)
                bytes.Slice(done, part.Length).Span.CopyTo(part.Span);
            done += part.Length;
        }
    }

    public void Dispose()
    {
        foreach (NativeBuffer? segment in _segments)
            segment?.Dispose();
    }

    /// <summary>As many of the bytes as lie in one segment.</summary>
    private NativeBytes Part(long offset, int length)
    {
        int segment = (int)Math.Min(offset / _segmentBytes, _segments.Length - 1);
        int start = (int)(offset - ((long)segment * _segmentBytes));
        return _segments[segment].Bytes.Slice(start, Math.Min(length, _segments[segment].Length - start));
    }
}
