using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Statistics;
using DemEngine.Numerics;

namespace DemEngine.Merging.Tensors;

/// <summary>One tensor of the output: what it will be, and how any part of it is made from the inputs, by any thread, in any order.</summary>
internal abstract class OutputTensor(TensorSpec spec)
{
    public TensorSpec Spec { get; } = spec;

    /// <summary>The tensors that are read.</summary>
    public abstract IReadOnlyList<TensorReader> Inputs { get; }

    /// <summary>In a word or a formula, for the plan.</summary>
    public abstract string Operation { get; }

    /// <summary>What stands behind the letters of <see cref="Operation"/>.</summary>
    public virtual IEnumerable<PlannedSource> Sources => [];

    /// <summary>Elements over which is measured before any part is made, counted in each pass; 0 for none.</summary>
    public virtual long StatisticsElements => 0;

    /// <summary>Bytes that are read in all, measurements included.</summary>
    public virtual long BytesRead => InputCost.Of(Inputs).ElementBytes * (Spec.Shape.ElementCount + StatisticsElements);

    /// <summary>The tensors that are gone over more than once.</summary>
    public virtual IEnumerable<TensorReader> ReadAgain => StatisticsElements > 0 ? Inputs : [];

    /// <summary>Elements that are read beyond the part that is made, at most.</summary>
    public virtual long ReadMargin => 0;

    /// <summary>Buffers of the workspace for the elements' ranks in their rows.</summary>
    public virtual int RankBuffers => 0;

    /// <summary>What is measured before any part is made: passes, each after the one before it. Started anew in each run.</summary>
    /// <param name="tileElements">In a tile; whole leaves of <see cref="GramOrder"/>.</param>
    public virtual IReadOnlyList<StatisticsPass> StartPasses(int tileElements) => [];

    /// <summary>What is measured together with other tensors, before any of them is made.</summary>
    public virtual IReadOnlyList<CrossTensorPart> CrossTensorParts => [];

    /// <summary>Called once all of <see cref="CrossTensorParts"/> are measured, where there are any.</summary>
    public virtual void CrossTensorStatisticsDone()
    {
    }

    /// <summary>Called once, after the last pass and before the first part is made; not where there is no pass.</summary>
    public virtual void Solve() => throw new NotSupportedException();

    /// <summary>
    /// What is measured, in words: tensors made from the same inputs that ask for the same can share it. Null where nothing is measured, or it
    /// cannot be shared.
    /// </summary>
    public virtual string? StatisticsKey => null;

    /// <summary>Takes what was measured for a tensor that asked for the same, in the place of measuring and <see cref="Solve"/>.</summary>
    public virtual void ReuseStatistics(OutputTensor other) => throw new NotSupportedException();

    /// <summary>Makes a part.</summary>
    /// <param name="first">Index of its first element.</param>
    /// <param name="output">Where it goes; as many elements are made as it holds.</param>
    /// <param name="workspace">The calling thread's.</param>
    public abstract NonFinite Produce(long first, TypedBytes output, ITileContext workspace);

    /// <summary>Makes the same part of this tensor and of others that differ from it in parameters only.</summary>
    /// <param name="tensors">This one and the others.</param>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="outputs">Where each goes.</param>
    /// <param name="workspace">The calling thread's.</param>
    /// <returns>For each, how many infinities and NaNs there were.</returns>
    public virtual NonFinite[] ProduceEach(IReadOnlyList<OutputTensor> tensors, long first, IReadOnlyList<TypedBytes> outputs, ITileContext workspace) =>
        [.. tensors.Zip(outputs, (tensor, output) => tensor.Produce(first, output, workspace))];

    /// <summary>What the user should hear of once the tensor is complete; null for nothing.</summary>
    public virtual string? Remark => null;

    /// <summary>Says that a part will be made soon.</summary>
    public virtual void WillNeed(long first, long count)
    {
        foreach (TensorReader input in Inputs)
            input.WillNeed(first, count);
    }
}
