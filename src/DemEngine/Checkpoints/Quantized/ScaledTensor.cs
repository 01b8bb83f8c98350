using System.Buffers;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Tensor of codes in the order of its elements, each multiplied by the scale of its block. This is FP8, MXFP8, NVFP4, int8 and
/// bitsandbytes; forms that store codes in another order have a class of their own.
/// </summary>
internal sealed class ScaledTensor : DecodedTensor
{
    // A strip of codes and its values stay in the first two caches.
    private const int StripElements = 16_384;

    private readonly StoredTensor _codes;
    private readonly CodePacking _packing;
    private readonly CodeValues _values;
    private readonly ScaleSource _scales;
    private readonly ScaleGrid _grid;

    /// <param name="name">Name of the decoded tensor.</param>
    /// <param name="shape">Shape of the decoded tensor; its last dimension is even where two codes share a byte.</param>
    /// <param name="modelType">Element type without quantisation.</param>
    /// <param name="form">Name of the form.</param>
    /// <param name="codes">The codes, in row-major order.</param>
    /// <param name="packing">Order of the codes within a byte.</param>
    /// <param name="values">What a code stands for.</param>
    /// <param name="scales">The scales.</param>
    /// <param name="grid">How they lie over the elements.</param>
    public ScaledTensor(
        string name,
        TensorShape shape,
        ElementType modelType,
        string form,
        StoredTensor codes,
        CodePacking packing,
        CodeValues values,
        ScaleSource scales,
        ScaleGrid grid)
        : base(name, shape, modelType)
    {
        _codes = codes;
        _packing = packing;
        _values = values;
        _scales = scales;
        _grid = grid;
        Form = form;
        Parts = [codes, .. scales.Parts];
    }

    public override string Form { get; }

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override void Decode(long first, Span<float> values)
    {
        if (values.IsEmpty)
            return;
        (long firstScale, int scaleCount) = ScalesOf(first, values.Length);
        float[] scales = ArrayPool<float>.Shared.Rent(scaleCount);
        try
        {
            _scales.Read(firstScale, scales.AsSpan(0, scaleCount));
            if (_packing == CodePacking.Bytes)
            {
                using PartBytes codes = PartBytes.Read(_codes, first, values.Length);
                Decode(first, codes.Bytes, scales, firstScale, values);
            }
            else
            {
                DecodeNibbles(first, scales, firstScale, values);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(scales);
        }
    }

    public override void WillNeed(long first, long count)
    {
        if (count <= 0)
            return;
        int codesPerByte = _packing == CodePacking.Bytes ? 1 : 2;
        long start = first / codesPerByte;
        _codes.WillNeed(start, ((first + count + codesPerByte - 1) / codesPerByte) - start);
        (long firstScale, int scaleCount) = ScalesOf(first, count);
        _scales.WillNeed(firstScale, scaleCount);
    }

    private void DecodeNibbles(long first, float[] scales, long firstScale, Span<float> values)
    {
        long start = first / 2;
        int bytes = (int)(((first + values.Length + 1) / 2) - start);
        using PartBytes packed = PartBytes.Read(_codes, start, bytes);
        byte[] codes = ArrayPool<byte>.Shared.Rent(StripElements);
        try
        {
            int skip = (int)(first % 2);
            for (int at = 0; at < values.Length;)
            {
                int from = (at + skip) / 2;
                int taken = Math.Min(StripElements / 2, bytes - from);
                PackedCodes.UnpackNibbles(packed.Bytes.Slice(from, taken), _packing == CodePacking.HighNibbleFirst, codes);
                int lead = at == 0 ? skip : 0;
                int count = Math.Min((taken * 2) - lead, values.Length - at);
                Decode(first + at, codes.AsSpan(lead, count), scales, firstScale, values.Slice(at, count));
                at += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(codes);
        }
    }

    /// <summary>Decodes codes of one byte each, run by run of those that have the same scale.</summary>
    private void Decode(long first, ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, long firstScale, Span<float> values)
    {
        var (line, column) = Math.DivRem(first, _grid.LineLength);
        for (int at = 0; at < codes.Length; line++, column = 0)
        {
            int ofLine = (int)Math.Min(_grid.LineLength - column, codes.Length - at);
            long lineScale = _grid.FirstScale(line) - firstScale;
            if (_grid.LineBlock == 1)
            {
                ReadOnlySpan<float> each = scales.Slice((int)(lineScale + column), ofLine);
                _values.Decode(codes.Slice(at, ofLine), each, values.Slice(at, ofLine));
                at += ofLine;
                continue;
            }

            // A block that is begun in its middle, then all others of the line.
            int rest = at + ofLine;
            var (block, within) = Math.DivRem(column, _grid.LineBlock);
            if (within > 0)
            {
                int count = (int)Math.Min(_grid.LineBlock - within, ofLine);
                _values.Decode(codes.Slice(at, count), scales[(int)(lineScale + block)], values.Slice(at, count));
                at += count;
                block++;
            }

            if (at < rest)
            {
                int size = (int)Math.Min(_grid.LineBlock, rest - at);
                _values.Decode(
                    codes[at..rest], scales[(int)(lineScale + block)..], size, values[at..rest]);
                at = rest;
            }
        }
    }

    /// <summary>Finds the scales of a range of elements: within a line those of its blocks, else whole lines.</summary>
    private (long First, int Count) ScalesOf(long first, long count)
    {
        var (line, column) = Math.DivRem(first, _grid.LineLength);
        long last = (first + count - 1) / _grid.LineLength;
        if (line == last)
        {
            long block = column / _grid.LineBlock;
            return (_grid.FirstScale(line) + block, checked((int)(((column + count - 1) / _grid.LineBlock) - block + 1)));
        }

        long least = long.MaxValue;
        long most = -1;
        for (; line <= last; line++)
        {
            long scale = _grid.FirstScale(line);
            least = Math.Min(least, scale);
            most = Math.Max(most, scale);
        }

        return (least, checked((int)(most + _grid.LineScales - least)));
    }
}
