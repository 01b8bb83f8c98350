using DemEngine.Numerics.LowRank;

namespace DemEngine.Checkpoints.Adapters.Changes;

/// <summary>A matrix of numbers that an adapter's change is computed from, or the change itself.</summary>
/// <param name="rows">Number of rows.</param>
/// <param name="columns">Number of columns.</param>
internal abstract class WeightMatrix(int rows, int columns)
{
    /// <summary>Number of rows.</summary>
    public int Rows => rows;

    /// <summary>Number of columns.</summary>
    public int Columns => columns;

    /// <summary>What it is, as <c>dem inspect</c> says it.</summary>
    public abstract string Form { get; }

    /// <summary>
    /// The matrix as a product of thin ones; null where it is none, or one of factors too large to stay in memory.
    /// </summary>
    public virtual ILowRankMatrix? LowRank => null;

    /// <summary>Stored tensors that it is computed from.</summary>
    public abstract IReadOnlyList<StoredTensor> Parts { get; }

    /// <summary>Memory that it takes to compute a part, where that is more than some kilobytes.</summary>
    public virtual ComputingMemory Memory => default;

    /// <summary>
    /// Adds a part of the matrix, flattened row by row, to numbers: y ← float32(y + m), with m in double.
    /// </summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="values">The numbers y.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    public abstract void AddTo(long first, Span<float> values);

    /// <summary>Computes a part of the matrix, rounded to binary32.</summary>
    /// <param name="first">Index of the part's first element.</param>
    /// <param name="values">Receives the elements.</param>
    public virtual void Read(long first, Span<float> values)
    {
        values.Clear();
        AddTo(first, values);
    }

    /// <summary>
    /// Announces that a part will be read soon. All parts after the first find in memory what it is computed from.
    /// </summary>
    /// <param name="first">Index of the part's first element.</param>
    public void WillNeed(long first)
    {
        if (first > 0)
            return;
        foreach (StoredTensor part in Parts)
            part.WillNeed(0, part.Spec.UnitCount);
    }
}
