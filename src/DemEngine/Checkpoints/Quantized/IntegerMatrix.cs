using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Errors;
using DemEngine.Numerics;
using DemEngine.Numerics.Quantized;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>
/// Matrix [out, in] of integer codes with a scale and a zero point for each group of inputs of each output:
/// value = (code − zero) · scale, in binary32, which is exact where scales are F16 or BF16. Forms differ in how codes, scales
/// and zero points are stored, and whether a table says which group an input belongs to.
/// </summary>
/// <param name="name">Name of the decoded tensor.</param>
/// <param name="outputs">Number of rows.</param>
/// <param name="inputs">Number of columns.</param>
/// <param name="groups">Number of groups.</param>
/// <param name="groupSize">Number of successive inputs of a group, where no table says otherwise.</param>
/// <param name="groupIndex">I32 [in]: the group of each input; null for groups of successive inputs.</param>
/// <param name="modelType">Element type without quantisation.</param>
internal abstract class IntegerMatrix(
    string name, long outputs, int inputs, int groups, int groupSize, StoredTensor? groupIndex, ElementType modelType)
    : DecodedTensor(name, new TensorShape(outputs, inputs), modelType)
{
    private const int MostGroups = 128;

    /// <summary>Number of columns.</summary>
    protected int Inputs => inputs;

    /// <summary>Number of groups.</summary>
    protected int Groups => groups;

    /// <summary>Reads the codes of some rows.</summary>
    /// <param name="row">Index of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="codes">Receives a byte for each element of the rows.</param>
    protected abstract void ReadCodes(long row, int rows, Span<byte> codes);

    /// <summary>Reads the scales of some rows.</summary>
    /// <param name="row">Index of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="scales">Receives the scales of all groups of the first row, then those of the second one, and so
    /// on.</param>
    protected abstract void ReadScales(long row, int rows, Span<float> scales);

    /// <summary>Reads the zero points of some rows, in the order of <see cref="ReadScales"/>.</summary>
    /// <param name="row">Index of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="zeros">Receives the codes that stand for zero.</param>
    protected abstract void ReadZeros(long row, int rows, Span<float> zeros);

    public sealed override void Decode(long first, Span<float> values)
    {
        if (values.IsEmpty)
            return;
        long row = first / inputs;
        int rows = (int)(((first + values.Length - 1) / inputs) - row + 1);
        byte[] codes = ArrayPool<byte>.Shared.Rent(checked(rows * inputs));
        float[] scales = ArrayPool<float>.Shared.Rent(checked(rows * groups));
        float[] zeros = ArrayPool<float>.Shared.Rent(rows * groups);
        try
        {
            ReadCodes(row, rows, codes.AsSpan(0, rows * inputs));
            ReadScales(row, rows, scales.AsSpan(0, rows * groups));
            RequireFinite(scales.AsSpan(0, rows * groups));
            ReadZeros(row, rows, zeros.AsSpan(0, rows * groups));
            int[]? index = ReadIndex();
            int column = (int)(first - (row * inputs));
            for (int at = 0, k = 0; k < rows; k++, column = 0)
            {
                int count = Math.Min(inputs - column, values.Length - at);
                ReadOnlySpan<float> rowScales = scales.AsSpan(k * groups, groups);
                ReadOnlySpan<float> rowZeros = zeros.AsSpan(k * groups, groups);
                ReadOnlySpan<byte> rowCodes = codes.AsSpan((k * inputs) + column, count);
                if (index is null)
                    DecodeRuns(column, rowCodes, rowScales, rowZeros, values.Slice(at, count));
                else
                    DecodeIndexed(index.AsSpan(column, count), rowCodes, rowScales, rowZeros, values.Slice(at, count));
                at += count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(codes);
            ArrayPool<float>.Shared.Return(scales);
            ArrayPool<float>.Shared.Return(zeros);
        }
    }

    public sealed override void WillNeed(long first, long count)
    {
        foreach (StoredTensor part in Parts)
        {
            // The rows of a transposed matrix lie everywhere in it, so that it is asked for once, with its first row.
            if (first == 0)
                part.WillNeed(0, part.Spec.UnitCount);
        }
    }

    /// <summary>Copies columns of a stored matrix [rows, columns], each row's next to each other.</summary>
    /// <param name="part">The stored matrix.</param>
    /// <param name="column">First column.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="destination">Receives the columns of all rows.</param>
    protected static void ReadColumns(StoredTensor part, long column, int columns, Span<byte> destination) =>
        StoredColumns.Read(part, 0, part.Spec.Shape.Rows, part.Spec.Shape.RowElements, column, columns, destination);

    /// <summary>Reads columns of a stored matrix [groups, out] of scales.</summary>
    protected void ReadTransposedScales(StoredTensor part, long row, int rows, Span<float> scales)
    {
        int bytes = rows * groups * part.Spec.Type.Size;
        byte[] stored = ArrayPool<byte>.Shared.Rent(bytes);
        float[] numbers = ArrayPool<float>.Shared.Rent(rows * groups);
        ReadColumns(part, row, rows, stored);
        ScaleNumbers.Read(part.Spec.Type, stored, numbers.AsSpan(0, rows * groups));
        Transpose.Words(
            MemoryMarshal.Cast<float, uint>(numbers.AsSpan()), groups, rows, MemoryMarshal.Cast<float, uint>(scales));
        ArrayPool<byte>.Shared.Return(stored);
        ArrayPool<float>.Shared.Return(numbers);
    }

    private void DecodeRuns(
        int column, ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, ReadOnlySpan<float> zeros, Span<float> values)
    {
        for (int at = 0; at < codes.Length;)
        {
            int group = (column + at) / groupSize;
            int count = Math.Min(((group + 1) * groupSize) - column - at, codes.Length - at);
            IntegerCodes.Decode(codes.Slice(at, count), zeros[group], scales[group], values.Slice(at, count));
            at += count;
        }
    }

    private static void DecodeIndexed(
        ReadOnlySpan<int> index,
        ReadOnlySpan<byte> codes,
        ReadOnlySpan<float> scales,
        ReadOnlySpan<float> zeros,
        Span<float> values)
    {
        // Looking up one after the other costs less where the table is long.
        if (scales.Length <= MostGroups)
        {
            int entries = (scales.Length + IntegerCodes.TableLanes - 1) / IntegerCodes.TableLanes * IntegerCodes.TableLanes;
            Span<uint> table = stackalloc uint[entries];
            uint lowest = 0;
            for (int group = 0; group < scales.Length; group++)
            {
                uint scale = BitConverter.SingleToUInt32Bits(scales[group]);
                lowest |= scale;
                table[group] = scale | (uint)zeros[group];
            }

            // Scales in F16 and BF16 leave room for zero points.
            if ((lowest & IntegerCodes.ZeroBits) == 0)
            {
                IntegerCodes.DecodeGrouped(codes, index, table, values);
                return;
            }
        }

        // The index has been checked.
        ref float zero = ref MemoryMarshal.GetReference(zeros);
        ref float scaleOf = ref MemoryMarshal.GetReference(scales);
        index = index[..codes.Length];
        values = values[..codes.Length];
        for (int k = 0; k < codes.Length; k++)
            values[k] = (codes[k] - Unsafe.Add(ref zero, index[k])) * Unsafe.Add(ref scaleOf, index[k]);
    }

    /// <summary>Reads the group of each input; null where groups are of successive inputs.</summary>
    private int[]? ReadIndex()
    {
        if (groupIndex is null)
            return null;
        using PartBytes stored = PartBytes.Read(groupIndex, 0, inputs);
        var index = new int[inputs];
        MemoryMarshal.Cast<byte, int>(stored.Bytes).CopyTo(index);
        int wrong = Array.FindIndex(index, group => group < 0 || group >= groups);
        if (wrong >= 0)
            throw new DemException(
                ErrorCode.BadGroupIndex,
                $"{groupIndex.File}: tensor {Quoted.Name(groupIndex.Spec.Name)}: input {wrong} is in group {index[wrong]}, and "
                + $"there are {groups}")
            {
                Path = groupIndex.File,
                Tensor = groupIndex.Spec.Name,
            };

        // Most files have an index that says no more than the size of a group does.
        for (int k = 0; k < inputs; k++)
        {
            if (index[k] != k / groupSize)
                return index;
        }

        return null;
    }

    private void RequireFinite(ReadOnlySpan<float> scales)
    {
        foreach (float scale in scales)
        {
            if (!float.IsFinite(scale))
                throw new DemException(
                    ErrorCode.BadScale, $"{Parts[0].File}: tensor {Quoted.Name(Spec.Name)}: a scale is {scale}")
                {
                    Path = Parts[0].File,
                    Tensor = Spec.Name,
                };
        }
    }
}
