using System.Collections.Immutable;

namespace DemEngine.Merging.Tensors;

/// <summary>
/// The tensors of a plan, in the order of the layout. Those of an ordinary model are kept. Of a model with hundreds of thousands
/// of tensors each is planned anew whenever it is looked at, so that a run holds those only that it is making. Where statistics
/// go over several tensors, all are kept, with what is found out about them.
/// </summary>
internal sealed class PlannedOutputs
{
    private readonly Func<int, OutputTensor> _plan;
    private ImmutableArray<OutputTensor> _all;

    /// <summary>Keeps tensors that are planned already.</summary>
    public PlannedOutputs(ImmutableArray<OutputTensor> tensors)
    {
        Count = tensors.Length;
        _all = tensors;
        _plan = index => tensors[index];
    }

    /// <summary>Plans tensors when they are asked for.</summary>
    /// <param name="count">Number of tensors.</param>
    /// <param name="plan">Function that plans the tensor at a position of the layout; it gives the same each time.</param>
    /// <param name="mostKept">Largest number of tensors that are all kept.</param>
    public PlannedOutputs(int count, Func<int, OutputTensor> plan, int mostKept)
    {
        Count = count;
        _plan = plan;
        if (count <= mostKept)
            _all = [.. Each];
    }

    /// <summary>Number of tensors.</summary>
    public int Count { get; }

    /// <summary>The tensor at a position of the layout: the one that is kept, or a new one.</summary>
    public OutputTensor this[int position] => _all.IsDefault ? _plan(position) : _all[position];

    /// <summary>All tensors. They are kept from now on, so that what a run finds out about them stays with them.</summary>
    public ImmutableArray<OutputTensor> All => _all.IsDefault ? _all = [.. Each] : _all;

    /// <summary>The tensors one by one, to look at what is planned.</summary>
    public IEnumerable<OutputTensor> Each => _all.IsDefault ? Enumerable.Range(0, Count).Select(_plan) : _all;

    /// <summary>Some of the tensors, which follow each other. Those that are kept here are the same objects there.</summary>
    /// <param name="first">Position of the first.</param>
    /// <param name="count">Number of tensors.</param>
    public PlannedOutputs Slice(int first, int count) => _all.IsDefault
        ? new PlannedOutputs(count, index => _plan(first + index), mostKept: 0)
        : new PlannedOutputs(_all.Slice(first, count));
}
