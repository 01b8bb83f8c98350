using System.Buffers;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The product of two matrices element by element, m = s·a∘b, each of which is a product of thin factors (LoHa: FedPara,
/// arXiv 2108.06098; LyCORIS, arXiv 2309.14859). Both are rounded to binary32, so that their product is exact in double.
/// </summary>
internal sealed class HadamardMatrix : WeightMatrix
{
    private const int StripElements = 65_536;

    private readonly ProductMatrix _a;
    private readonly ProductMatrix _b;
    private readonly double _scale;

    /// <param name="a">The first matrix.</param>
    /// <param name="b">The second matrix, of the same shape.</param>
    /// <param name="scale">The factor s.</param>
    /// <exception cref="DemException">DEM2048 (BadAdapter): the matrices have different shapes.</exception>
    public HadamardMatrix(ProductMatrix a, ProductMatrix b, double scale)
        : base(a.Rows, a.Columns)
    {
        if ((a.Rows, a.Columns) != (b.Rows, b.Columns))
            throw AdapterFault.Wrong(
                b.Parts[0], $"its product is [{b.Rows}, {b.Columns}], and the other one [{a.Rows}, {a.Columns}]");
        _a = a;
        _b = b;
        _scale = scale;
        Parts = [.. a.Parts, .. b.Parts];
    }

    public override string Form => $"a Hadamard product of rank {_a.Rank}";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override ComputingMemory Memory => _a.Memory.Or(_b.Memory).And(new(0, 2 * StripElements * sizeof(float)));

    public override void AddTo(long first, Span<float> values)
    {
        int most = Math.Min(values.Length, StripElements);
        float[] a = ArrayPool<float>.Shared.Rent(most);
        float[] b = ArrayPool<float>.Shared.Rent(most);
        try
        {
            for (int at = 0; at < values.Length; at += StripElements)
            {
                Span<float> part = values.Slice(at, Math.Min(StripElements, values.Length - at));
                _a.Read(first + at, a.AsSpan(0, part.Length));
                _b.Read(first + at, b.AsSpan(0, part.Length));
                for (int k = 0; k < part.Length; k++)
                    part[k] = (float)(part[k] + (_scale * ((double)a[k] * b[k])));
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(a);
            ArrayPool<float>.Shared.Return(b);
        }
    }
}
