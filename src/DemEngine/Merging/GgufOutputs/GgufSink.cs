using System.Buffers;
using System.Collections.Concurrent;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Merging.GgufOutputs;

/// <summary>Writes tensors as they come, strip by strip, in the types and at the places that a GGUF file has them.</summary>
/// <param name="file">The file.</param>
/// <param name="write">Writes blocks of tensors.</param>
/// <param name="plan">Plan of the file.</param>
internal sealed class GgufSink(OutputFile file, OneFile.WriteAt write, GgufFilePlan plan) : IModelSink
{
    // A strip and its blocks stay in the second-level cache; strips are whole blocks.
    private const int StripElements = 1 << 15;

    private readonly Dictionary<string, GgufTensorPlan> _tensors =
        plan.Tensors.ToDictionary(tensor => tensor.Source.Name, StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, bool> _tooLarge = new(StringComparer.Ordinal);

    public void Begin(IReadOnlyList<TensorSpec> tensors)
    {
        file.Reserve(plan.Length);
        file.Write(plan.Header, 0);
        file.Write(plan.RopeFactors, plan.Start);
    }

    public void Write(TensorSpec tensor, long offset, ReadOnlySpan<byte> bytes)
    {
        if (!_tensors.TryGetValue(tensor.Name, out GgufTensorPlan? place))
            return;
        int size = tensor.Type.Size;
        float[] values = ArrayPool<float>.Shared.Rent(StripElements);
        byte[] blocks = ArrayPool<byte>.Shared.Rent(StripElements * sizeof(float));
        try
        {
            for (int at = 0; at < bytes.Length; at += StripElements * size)
            {
                Span<float> strip = values.AsSpan(0, Math.Min(StripElements, (bytes.Length - at) / size));
                ScaleNumbers.Read(tensor.Type, bytes[at..], strip);
                if (place.Added != 0)
                {
                    foreach (ref float value in strip)
                        value += place.Added;
                }

                int length = (int)place.BytesOf(strip.Length);
                if (!place.Type.Encode(strip, blocks.AsSpan(0, length)))
                    _tooLarge.TryAdd(tensor.Name, true);
                WriteRows(place, (offset + at) / size, strip.Length, blocks);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
            ArrayPool<byte>.Shared.Return(blocks);
        }
    }

    public void Complete(IReadOnlyDictionary<string, byte[]> sideFiles)
    {
        if (!_tooLarge.IsEmpty)
            throw new DemException(
                ErrorCode.NonFiniteOutput,
                $"{file.Path}: numbers of {Quoted.List([.. _tooLarge.Keys.Order(StringComparer.Ordinal)])} are too large for "
                + "their type in the file",
                remedy: "Write the model with out_dtype gguf_bf16, whose range is that of F32.");
    }

    private void WriteRows(GgufTensorPlan place, long first, int count, byte[] blocks)
    {
        if (place.IsInOrder)
        {
            write(
                blocks.AsSpan(0, (int)place.BytesOf(count)), plan.Start + place.Offsets[0] + place.BytesOf(first));
            return;
        }

        for (int at = 0; at < count;)
        {
            var (row, column) = Math.DivRem(first + at, place.RowElements);
            int part = (int)Math.Min(place.RowElements - column, count - at);
            write(
                blocks.AsSpan((int)place.BytesOf(at), (int)place.BytesOf(part)),
                plan.Start + place.PlaceOf(row) + place.BytesOf(column));
            at += part;
        }
    }
}
