namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>
/// The changes of the experts that a model stores in one tensor, one matrix after the other. Experts without a change stay as
/// they are.
/// </summary>
internal sealed class StackedMatrix : WeightMatrix
{
    private readonly WeightMatrix?[] _matrices;

    /// <param name="matrices">The change of each expert, all of one shape; null for none. There is one at least.</param>
    public StackedMatrix(WeightMatrix?[] matrices)
        : base(matrices.Length, checked(First(matrices).Rows * First(matrices).Columns))
    {
        _matrices = matrices;
        Parts = [.. matrices.OfType<WeightMatrix>().SelectMany(matrix => matrix.Parts)];
        Memory = matrices.OfType<WeightMatrix>()
            .Aggregate(default(ComputingMemory), (memory, matrix) => memory.Or(matrix.Memory));
    }

    public override string Form => $"{First(_matrices).Form} for each expert";

    public override IReadOnlyList<StoredTensor> Parts { get; }

    public override ComputingMemory Memory { get; }

    public override void AddTo(long first, Span<float> values)
    {
        while (!values.IsEmpty)
        {
            var (expert, start) = Math.DivRem(first, Columns);
            int count = (int)Math.Min(Columns - start, values.Length);
            _matrices[expert]?.AddTo(start, values[..count]);
            values = values[count..];
            first += count;
        }
    }

    private static WeightMatrix First(WeightMatrix?[] matrices) => matrices.First(matrix => matrix is not null)!;
}
