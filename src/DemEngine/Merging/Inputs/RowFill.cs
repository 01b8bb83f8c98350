using System.Collections.Immutable;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>A row of a tensor, used where another model lacks the row of a token.</summary>
internal readonly record struct DonorRow(TensorReader Tensor, long Row);

/// <summary>
/// A row that a model lacks: the average of rows that other models have, rounded once, or zeros if there is none.
/// </summary>
internal sealed class RowFill(ImmutableArray<DonorRow> donors)
{
    private readonly LinearCombination _average = donors.Length == 1
        ? LinearCombination.BaseAlone
        : new LinearCombination(
            startsFromBase: false, [.. donors.Select(_ => new Term((float)(1.0 / donors.Length), TermKind.Plain))]);

    public ImmutableArray<DonorRow> Donors { get; } = donors;

    /// <summary>Returns the same row with replacements for the tensors that it is made from.</summary>
    /// <param name="replace">Function that maps each tensor to its replacement; see <see cref="TensorReader.Rebind"/>.</param>
    public RowFill Rebind(Func<TensorReader, TensorReader> replace)
    {
        ImmutableArray<DonorRow> bound = [.. Donors.Select(donor => donor with { Tensor = donor.Tensor.Rebind(replace) })];
        return bound.SequenceEqual(Donors) ? this : new RowFill(bound);
    }

    /// <summary>Computes a part of the row.</summary>
    /// <param name="column">Column of the part's first element.</param>
    /// <param name="part">Output, which is filled completely.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
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
