using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>A tensor of any size outside the managed heap. It lies in segments, since a span holds no more than 2 GiB.</summary>
internal sealed class MemoryTensor : ITensorData, IDisposable
{
    /// <summary>Size in bytes of every segment except the last, which may be shorter.</summary>
    public const int DefaultSegmentBytes = 1 << 30;

    private readonly int _segmentBytes;
    private readonly NativeBuffer[] _segments;

    /// <param name="spec">Name, element type and shape of the tensor.</param>
    /// <param name="segmentBytes">Maximum size of a segment in bytes; tests use smaller segments.</param>
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
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Spec.UnitCount - first);
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

    /// <summary>
    /// Returns the tensor's own memory for a range of bytes if the range lies in one segment, else the given buffer.
    /// </summary>
    /// <param name="offset">Offset of the range's first byte in the tensor.</param>
    /// <param name="buffer">Buffer that has the length of the range.</param>
    public NativeBytes RoomFor(long offset, NativeBytes buffer)
    {
        NativeBytes part = Part(offset, buffer.Length);
        return part.Length == buffer.Length ? part : buffer;
    }

    /// <summary>Copies bytes into the tensor unless they already lie in its memory.</summary>
    /// <param name="offset">Offset of the first byte in the tensor.</param>
    /// <param name="bytes">Bytes to copy.</param>
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

    /// <summary>Returns as many of the bytes as lie in one segment.</summary>
    private NativeBytes Part(long offset, int length)
    {
        int segment = (int)Math.Min(offset / _segmentBytes, _segments.Length - 1);
        int start = (int)(offset - ((long)segment * _segmentBytes));
        return _segments[segment].Bytes.Slice(start, Math.Min(length, _segments[segment].Length - start));
    }
}
