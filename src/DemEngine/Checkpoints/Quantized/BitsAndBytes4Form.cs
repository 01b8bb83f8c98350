using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Files;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// NF4 and FP4 of bitsandbytes (QLoRA, arXiv 2305.14314): two codes in a byte with the first in the high bits, indices into a
/// table of 16 numbers that the file holds, and the largest absolute value of each block of the flattened tensor: value =
/// table[code] · absmax, in binary32 as <c>dequantize_4bit</c> computes it. With double quantisation absmax = table₂[code₂] ·
/// absmax₂ + offset, with a rounding to binary32 after each operation, as <c>dequantize_blockwise</c> does it.
/// </summary>
internal sealed class BitsAndBytes4Form : IQuantizedForm
{
    private const string State = ".quant_state.bitsandbytes__";

    public IEnumerable<DecodedTensor> Find(TensorPool pool)
    {
        var found = new List<DecodedTensor>();
        foreach (StoredTensor state in pool.Left
            .Where(tensor => tensor.Spec.Name.Contains(State, StringComparison.Ordinal)).ToArray())
        {
            string name = state.Spec.Name[..state.Spec.Name.IndexOf(State, StringComparison.Ordinal)];
            if (pool.Find(name) is { } codes)
                found.Add(Decode(name, codes, state, pool));
        }

        return found;
    }

    private static ScaledTensor Decode(string name, StoredTensor codes, StoredTensor state, TensorPool pool)
    {
        TensorPool.RequireType(codes, ElementType.U8, ElementType.I8);
        TensorPool.RequireType(state, ElementType.U8);
        JsonObject settings = Read(state);
        long block = Number(settings, "blocksize", state);
        if (settings["shape"] is not JsonArray { Count: > 0 } sizes
            || !sizes.All(size => size is JsonValue value && value.TryGetValue(out long number) && number > 0)
            || !TensorShape.TryCreate([.. sizes.Select(size => size!.GetValue<long>())], out TensorShape shape))
            throw TensorPool.Wrong(state, "its shape cannot be read");
        if (block <= 0 || shape.ElementCount % 2 != 0 || shape.ElementCount / 2 != codes.Spec.Shape.ElementCount)
            throw TensorPool.Wrong(codes, $"expected are two codes in a byte for {shape}, in blocks of more than 0");

        StoredTensor map = pool.Need($"{name}.quant_map", codes);
        TensorPool.RequireType(map, ElementType.F32);
        TensorPool.RequireShape(map, 16);
        StoredTensor largest = pool.Need($"{name}.absmax", codes);
        long blocks = (shape.ElementCount + block - 1) / block;
        TensorPool.RequireShape(largest, blocks);
        ScaleSource scales;
        StoredTensor? nested = null, nestedMap = null;
        if (largest.Spec.Type == ElementType.F32)
        {
            scales = new StoredScales(largest);
        }
        else
        {
            TensorPool.RequireType(largest, ElementType.U8);
            nested = pool.Need($"{name}.nested_absmax", codes);
            nestedMap = pool.Need($"{name}.nested_quant_map", codes);
            long nestedBlock = Number(settings, "nested_blocksize", state);
            if (nestedBlock <= 0)
                throw TensorPool.Wrong(state, "its nested_blocksize is not positive");
            TensorPool.RequireType(nested, ElementType.F32);
            TensorPool.RequireShape(nested, (blocks + nestedBlock - 1) / nestedBlock);
            TensorPool.RequireType(nestedMap, ElementType.F32);
            TensorPool.RequireShape(nestedMap, 256);
            float offset = settings["nested_offset"] is JsonValue value && value.TryGetValue(out double number)
                ? (float)number
                : throw TensorPool.Wrong(state, "it has no nested_offset");
            scales = new NestedScales(largest, nested, nestedMap, nestedBlock, offset);
        }

        Span<float> table = stackalloc float[16];
        using (PartBytes bytes = PartBytes.Read(map, 0, 16))
            ScaleNumbers.Read(ElementType.F32, bytes.Bytes, table);
        pool.Take(codes, state, map, largest, nested, nestedMap);
        var flat = new TensorShape(shape.ElementCount);
        return new ScaledTensor(
            name,
            shape,
            TypeOf(settings) ?? pool.ModelType,
            $"bitsandbytes {state.Spec.Name[(state.Spec.Name.LastIndexOf('_') + 1)..].ToUpperInvariant()}",
            codes,
            CodePacking.HighNibbleFirst,
            new TableCodes(table),
            scales,
            ScaleGrid.Find(flat, new TensorShape(blocks), [block])
                ?? throw TensorPool.Wrong(largest, $"it does not fit blocks of {block} of {shape}"));
    }

    private static JsonObject Read(StoredTensor state)
    {
        try
        {
            using PartBytes bytes = PartBytes.Read(state, 0, checked((int)Math.Min(state.Spec.UnitCount, 1 << 16)));
            return StrictJson.ParseNode(bytes.Bytes.ToArray()) as JsonObject
                ?? throw TensorPool.Wrong(state, "it is no JSON object");
        }
        catch (JsonException)
        {
            throw TensorPool.Wrong(state, "it is no JSON");
        }
    }

    private static long Number(JsonObject settings, string key, StoredTensor state) =>
        settings[key] is JsonValue value && value.TryGetValue(out long number)
            ? number
            : throw TensorPool.Wrong(state, $"it has no {key}");

    private static ElementType? TypeOf(JsonObject settings) =>
        settings["dtype"] is JsonValue value && value.TryGetValue(out string? name)
            && ElementTypes.TryParseFloat(name, out ElementType type)
            ? type
            : null;

    /// <summary>Scales of double quantisation.</summary>
    private sealed class NestedScales(StoredTensor codes, StoredTensor nested, StoredTensor map, long block, float offset)
        : ScaleSource
    {
        public override IReadOnlyList<StoredTensor> Parts { get; } = [codes, nested, map];

        public override void Read(long first, Span<float> scales)
        {
            if (scales.IsEmpty)
                return;
            Span<float> table = stackalloc float[256];
            using (PartBytes bytes = PartBytes.Read(map, 0, table.Length))
                ScaleNumbers.Read(ElementType.F32, bytes.Bytes, table);
            long firstBlock = first / block;
            var over = new float[checked((int)(((first + scales.Length - 1) / block) - firstBlock + 1))];
            using (PartBytes bytes = PartBytes.Read(nested, firstBlock, over.Length))
                ScaleNumbers.Read(ElementType.F32, bytes.Bytes, over);
            using (PartBytes bytes = PartBytes.Read(codes, first, scales.Length))
            {
                for (int k = 0; k < scales.Length; k++)
                    scales[k] = (table[bytes.Bytes[k]] * over[(int)(((first + k) / block) - firstBlock)]) + offset;
            }

            RequireFinite(codes, first, scales);
        }

        public override void WillNeed(long first, long count) => codes.WillNeed(first, count);
    }
}
