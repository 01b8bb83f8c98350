using System.Collections;
using System.Collections.Immutable;
using DemEngine.Checkpoints;

namespace DemEngine.Merging.Planning;

/// <summary>
/// The matched tensors of a part. Those of an ordinary model are kept. In a model with hundreds of thousands of tensors each is
/// matched anew whenever it is looked at, which takes less than what it takes to hold all of them.
/// </summary>
internal sealed class AlignedTensors : IReadOnlyList<AlignedTensor>
{
    private const int MostKept = 20_000;

    private readonly Func<int, AlignedTensor> _align;
    private readonly Func<int, TensorSpec> _specOf;
    private readonly ImmutableArray<AlignedTensor> _kept;

    /// <param name="count">Number of tensors.</param>
    /// <param name="align">Function that matches the tensor at a position; it gives the same each time, on any thread.</param>
    /// <param name="specOf">Function that gives the description of the output tensor at a position.</param>
    public AlignedTensors(int count, Func<int, AlignedTensor> align, Func<int, TensorSpec> specOf)
    {
        Count = count;
        _align = align;
        _specOf = specOf;
        if (count <= MostKept)
            _kept = [.. this];
    }

    public int Count { get; }

    public AlignedTensor this[int index] => _kept.IsDefault ? _align(index) : _kept[index];

    /// <summary>Returns the description of the output tensor at a position.</summary>
    public TensorSpec SpecAt(int index) => _kept.IsDefault ? _specOf(index) : _kept[index].Spec;

    public IEnumerator<AlignedTensor> GetEnumerator()
    {
        for (int index = 0; index < Count; index++)
            yield return this[index];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
