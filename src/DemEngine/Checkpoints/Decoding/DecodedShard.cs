using System.Runtime.InteropServices;
using DemEngine.Checkpoints.Quantized;
using DemEngine.Checkpoints.Shards;
using DemEngine.Files;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.Decoding;

/// <summary>
/// The decoded tensors of a checkpoint, read as if they lay one after the other in a file. They are computed while they are read.
/// </summary>
internal sealed class DecodedShard : IShardReader, IDecodingReader
{
    private readonly DecodedTensor[] _tensors;
    private readonly long[] _starts;

    /// <param name="path">Path of the file that holds their codes.</param>
    /// <param name="tensors">The decoded tensors.</param>
    /// <param name="start">
    /// Offset of the first one. It lies behind the ends of the stored files, so that no offset of a decoded tensor is one of a
    /// stored tensor too.
    /// </param>
    public DecodedShard(string path, IReadOnlyList<DecodedTensor> tensors, long start)
    {
        Path = path;
        _tensors = [.. tensors];
        _starts = new long[_tensors.Length];
        Length = start;
        for (int k = 0; k < _starts.Length; k++)
        {
            _starts[k] = Length;
            Length += _tensors[k].Spec.ByteLength;
        }
    }

    public string Path { get; }

    public FileStamp Stamp => new(Length, default);

    public long Length { get; }

    public bool IsCopying => true;

    /// <summary>The tensors as they are read from here, in their order.</summary>
    public IEnumerable<StoredTensor> Tensors =>
        _tensors.Select((tensor, k) => new StoredTensor(tensor.Spec, this, _starts[k]));

    /// <summary>Offset of a tensor's first byte.</summary>
    /// <param name="tensor">Position of the tensor.</param>
    public long StartOf(int tensor) => _starts[tensor];

    public NativeBytes Read(long offset, int length, NativeBytes scratch)
    {
        NativeBytes part = scratch.Slice(0, length);
        Peek(offset, part.Span);
        return part;
    }

    public void Peek(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            (DecodedTensor tensor, long start) = At(offset);
            int bytes = (int)Math.Min(destination.Length, tensor.Spec.ByteLength - start);
            tensor.Decode(start / sizeof(float), MemoryMarshal.Cast<byte, float>(destination[..bytes]));
            destination = destination[bytes..];
            offset += bytes;
        }
    }

    public DecodedOrigin OriginAt(long offset)
    {
        DecodedTensor tensor = At(offset).Tensor;
        return new DecodedOrigin(tensor.Form, tensor.Parts, tensor.ModelType, tensor.StoredBytes)
        {
            Adaptation = tensor.Adaptation,
            LowRankUpdate = tensor.LowRankUpdate,
            Memory = tensor.Memory,
            IsMapped = tensor.IsInOrder && tensor.Parts.All(part => !part.IsCopied),
        };
    }

    public void WillNeed(long offset, long length)
    {
        if (length <= 0)
            return;
        (DecodedTensor tensor, long start) = At(offset);
        tensor.WillNeed(start / sizeof(float), Math.Min(length, tensor.Spec.ByteLength - start) / sizeof(float));
    }

    public void Dispose()
    {
        // The stored tensors belong to the checkpoint.
    }

    // Empty tensors start where the next one does: the last of equal starts is the one that has bytes.
    private (DecodedTensor Tensor, long Start) At(long offset)
    {
        int place = Array.BinarySearch(_starts, offset);
        place = place < 0 ? ~place - 1 : place;
        while (place + 1 < _starts.Length && _starts[place + 1] == _starts[place])
            place++;
        return (_tensors[place], offset - _starts[place]);
    }
}
