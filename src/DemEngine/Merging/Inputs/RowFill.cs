using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>A row of a tensor.</summary>
internal readonly record struct DonorRow(TensorReader Tensor, long Row);

/// <summary>A row that a model lacks: the average of rows that others have, rounded once; zeros if there is none.</summary>
internal sealed class RowFill(ImmutableArray<DonorRow> donors)
{
    private readonly LinearCombination _average = donors.Length == 1
        ? LinearCombination.BaseAlone
        : new LinearCombination(startsFromBase: false, [.. donors.Select(_ => new Term((float)(1.0 / donors.Length), TermKind.Plain))]);

    public ImmutableArray<DonorRow> Donors { get; } = donors;

    /// <summary>The same row with other tensors in the place of those that it is made from.</summary>
    /// <param name="replace">See <see cref="TensorReader.Rebind"/>.</param>
    public RowFill Rebind(Func<TensorReader, TensorReader> replace)
    {
        ImmutableArray<DonorRow> bound = [.. Donors.Select(donor => donor with { Tensor = donor.Tensor.Rebind(replace) })];
        return bound.SequenceEqual(Donors) ? this : new RowFill(bound);
    }

    /// <summary>Makes a part of the row.</summary>
    /// <param name="column">Its first element.</param>
    /// <param name="part">Where it goes.</param>
    /// <param name="workspace">The calling thread's.</param>
    public void Make(long column, TypedBytes part, ITileContext workspace)
    {
        if (Donors.IsEmpty)
        {
            part.Bytes.Span.Clear();
            return;
        }

        using TileLoan loan = workspace.Borrow();
        var inputs = new TypedBytes[Donors.Length];
        for (int k = 0; k < inputs.Length; k++)
        {
            TensorReader donor = Donors[k].Tensor;
            inputs[k] = workspace.Read(donor, (Donors[k].Row * donor.Spec.Shape.RowElements) + column, part.Count);
        }

        workspace.Worker.Combine(_average, inputs, part);
    }
}
