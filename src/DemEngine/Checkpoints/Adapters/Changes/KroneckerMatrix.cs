using System.Buffers;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The Kronecker product of two matrices times a number (LoKr: LyCORIS, arXiv 2309.14859):
/// m[i₁·M + i₂, j₁·N + j₂] = s·a[i₁, j₁]·b[i₂, j₂], where b is M × N. Both are rounded to binary32, so that a product of their
/// elements is exact in double.
/// </summary>
internal sealed class KroneckerMatrix : WeightMatrix
{
    private readonly WeightMatrix _a;
    private readonly WeightMatrix _b;
    private readonly double _scale;

    /// <param name="a">The outer matrix.</param>
    /// <param name="b">The inner matrix, of which a multiple stands for each element of the outer one.</param>
    /// <param name="scale">The factor s.</param>
    public KroneckerMatrix(WeightMatrix a, WeightMatrix b, double scale)
        : base(checked(a.Rows * b.Rows), checked(a.Columns * b.Columns))
    {
        _a = a;
        _b = b;
        _scale = scale;
        Parts = [.. a.Parts, .. b.Parts];
    }

    public override string Form => $"a Kronecker product of [{_a.Rows}, {_a.Columns}] and [{_b.Rows}, {_b.Columns}]";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override ComputingMemory Memory => _a.Memory.Or(_b.Memory)
        .And(new(0, ComputingMemory.Rented(_a.Columns, sizeof(float)) + ComputingMemory.Rented(_b.Columns, sizeof(float))));

    public override void AddTo(long first, Span<float> values)
    {
        float[] outer = ArrayPool<float>.Shared.Rent(_a.Columns);
        float[] inner = ArrayPool<float>.Shared.Rent(_b.Columns);
        try
        {
            long outerRow = -1;
            while (!values.IsEmpty)
            {
                var (row, column) = Math.DivRem(first, Columns);
                var (ofOuter, ofInner) = Math.DivRem(row, _b.Rows);
                if (ofOuter != outerRow)
                    _a.Read(ofOuter * _a.Columns, outer.AsSpan(0, _a.Columns));
                outerRow = ofOuter;
                _b.Read(ofInner * _b.Columns, inner.AsSpan(0, _b.Columns));
                int count = (int)Math.Min(Columns - column, values.Length);
                Add(outer, inner.AsSpan(0, _b.Columns), (int)column, values[..count]);
                values = values[count..];
                first += count;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(outer);
            ArrayPool<float>.Shared.Return(inner);
        }
    }

    private void Add(ReadOnlySpan<float> outer, ReadOnlySpan<float> inner, int column, Span<float> values)
    {
        for (int at = 0; at < values.Length;)
        {
            var (j, within) = Math.DivRem(column + at, inner.Length);
            int count = Math.Min(inner.Length - within, values.Length - at);
            double factor = outer[j];
            for (int k = 0; k < count; k++)
            {
                ref float y = ref values[at + k];
                y = (float)(y + (_scale * (factor * inner[within + k])));
            }

            at += count;
        }
    }
}
