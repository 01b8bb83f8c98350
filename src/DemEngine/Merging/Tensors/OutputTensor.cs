using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Merging.Statistics;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>One tensor of the output. Any thread can make any part of it from the inputs, in any order.</summary>
internal abstract class OutputTensor(TensorSpec spec)
{
    public TensorSpec Spec { get; } = spec;

    /// <summary>Tensors that are read to make this one.</summary>
    public abstract IReadOnlyList<TensorReader> Inputs { get; }

    /// <summary>Those of <see cref="Inputs"/> that a backend is given as they are read.</summary>
    public virtual IEnumerable<TensorReader> GivenToBackend => [];

    /// <summary>Operation in words or as a formula, for the plan.</summary>
    public abstract string Operation { get; }

    /// <summary>Tensors that the symbols in <see cref="Operation"/> stand for.</summary>
    public virtual IEnumerable<PlannedSource> Sources => [];

    /// <summary>
    /// Number of elements read by statistics passes before any part is made, counted in each pass; 0 without passes.
    /// </summary>
    public virtual long StatisticsElements => 0;

    /// <summary>Total bytes read, including those of the tensor's own statistics passes.</summary>
    public virtual long BytesRead => InputCost.Of(Inputs).ElementBytes * (Spec.UnitCount + StatisticsElements);

    /// <summary>Inputs that are read in more than one pass.</summary>
    public virtual IEnumerable<TensorReader> ReadAgain => StatisticsElements > 0 ? Inputs : [];

    /// <summary>Maximum number of elements that are read beyond the part that is made.</summary>
    public virtual long ReadMargin => 0;

    /// <summary>Number of workspace buffers for the elements' ranks in their rows.</summary>
    public virtual int RankBuffers => 0;

    /// <summary>Memory that a thread needs for a tile. Only copied inputs and ranks need buffers.</summary>
    public TensorDemand Demand
    {
        get
        {
            InputCost cost = InputCost.Of(Inputs);
            bool isMeasured = StatisticsElements > 0 || CrossTensorParts.Count > 0;
            long tables = isMeasured ? cost.Tensors * (long)RadixSelectStep.MaxTableBytes : 0;
            long rowElements = isMeasured || ReadMargin > 0 ? Math.Max(Spec.Shape.RowLength, ReadMargin / 2) : 0;

            // No more is read beyond a tile than there is, so that a single long row counts once.
            return new TensorDemand(
                Spec.Type.Size,
                cost.Buffers + RankBuffers,
                cost.BufferElementBytes + (RankBuffers * (long)sizeof(uint)),
                Math.Min(ReadMargin, Spec.UnitCount),
                IMergeBackend.WorkerBytes(cost.Tensors, rowElements) + tables)
            {
                Computing = cost.Computing,
            };
        }
    }

    /// <summary>
    /// Starts the statistics passes that run one after another before any part is made. They start afresh in each run.
    /// </summary>
    /// <param name="tileElements">Number of elements in a tile, a multiple of <see cref="GramOrder.LeafElements"/>.</param>
    public virtual IReadOnlyList<StatisticsPass> StartPasses(int tileElements) => [];

    /// <summary>Parts of this tensor in cross-tensor statistics, which are computed before any of the tensors is made.</summary>
    public virtual IReadOnlyList<CrossTensorPart> CrossTensorParts => [];

    /// <summary>Takes note that all of <see cref="CrossTensorParts"/> are computed. Called only if there are any.</summary>
    public virtual void CrossTensorStatisticsDone()
    {
    }

    /// <summary>
    /// Solves for the combination. Called once, after the last statistics pass and before the first part is made, and not if
    /// there is no pass.
    /// </summary>
    public virtual void Solve() => throw new NotSupportedException();

    /// <summary>
    /// Value that says what the statistics ask for. Tensors made from the same inputs share statistics with equal keys. Null
    /// where there are no statistics, or they cannot be shared.
    /// </summary>
    public virtual object? StatisticsKey => null;

    /// <summary>
    /// Takes the statistics from a tensor with an equal <see cref="StatisticsKey"/>, instead of the passes and
    /// <see cref="Solve"/>.
    /// </summary>
    public virtual void ReuseStatistics(OutputTensor other) => throw new NotSupportedException();

    /// <summary>Makes a part of the tensor.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="output">Output, which is filled completely.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <returns>Counts of infinities and NaNs in the inputs and in the output.</returns>
    public abstract NonFinite Produce(long first, TypedBytes output, ITileContext workspace);

    /// <summary>Makes the same part of this tensor and of others that differ from it only in parameters.</summary>
    /// <param name="tensors">This tensor and the others.</param>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="outputs">Outputs, one for each tensor.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    /// <returns>Counts of infinities and NaNs, for each tensor.</returns>
    public virtual NonFinite[] ProduceEach(
        IReadOnlyList<OutputTensor> tensors, long first, IReadOnlyList<TypedBytes> outputs, ITileContext workspace) =>
        [.. tensors.Zip(outputs, (tensor, output) => tensor.Produce(first, output, workspace))];

    /// <summary>Warning for the user once the tensor is complete; null for none.</summary>
    public virtual string? Remark => null;

    /// <summary>Whether the complete tensor is all zero although its inputs are not; see <see cref="ZeroCheck"/>.</summary>
    public virtual bool IsLost => false;

    /// <summary>Announces that a part will be made soon.</summary>
    public virtual void WillNeed(long first, long count)
    {
        foreach (TensorReader input in Inputs)
            input.WillNeed(first, count);
    }
}
