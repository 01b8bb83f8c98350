using System.Collections.Immutable;
using System.Runtime.InteropServices;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>A token's row of a tensor, used where another model lacks it.</summary>
internal readonly record struct DonorRow(TensorReader Tensor, long Row);

/// <summary>
/// A token's row that a model lacks: the average of the rows that other models have, computed in binary64, or zeros if there is
/// none.
/// </summary>
internal sealed class RowFill(ImmutableArray<DonorRow> donors)
{
    public ImmutableArray<DonorRow> Donors { get; } = donors;

    /// <summary>Returns the same row with replacements for the tensors that it is made from.</summary>
    /// <param name="replace">Function that maps each tensor to its replacement; see <see cref="TensorReader.Rebind"/>.</param>
    public RowFill Rebind(Func<TensorReader, TensorReader> replace)
    {
        ImmutableArray<DonorRow> bound = [.. Donors.Select(donor => donor with { Tensor = donor.Tensor.Rebind(replace) })];
        return bound.SequenceEqual(Donors) ? this : new RowFill(bound);
    }

    /// <summary>Computes a part of the row.</summary>
    /// <param name="axis">Dimension that counts tokens, in every donor.</param>
    /// <param name="outer">Block of the tensor that the part belongs to.</param>
    /// <param name="column">Column of the part's first element.</param>
    /// <param name="part">Output, which is filled completely.</param>
    /// <param name="workspace">Workspace of the calling thread.</param>
    public void Make(TokenAxis axis, long outer, long column, TypedBytes part, ITileContext workspace)
    {
        if (Donors.IsEmpty)
        {
            part.Bytes.Span.Clear();
            return;
        }

        using TileLoan loan = workspace.Borrow();
        if (Donors.Length == 1)
        {
            Convert(Read(0), part, workspace);
            return;
        }

        var sum = new TypedBytes(ElementType.F64, workspace.Room(part.Count * sizeof(double)));
        var decoded = new TypedBytes(ElementType.F64, workspace.Room(part.Count * sizeof(double)));
        Span<double> sums = MemoryMarshal.Cast<byte, double>(sum.Bytes.Span);
        ReadOnlySpan<double> values = MemoryMarshal.Cast<byte, double>(decoded.Bytes.Span);
        sums.Clear();
        for (int k = 0; k < Donors.Length; k++)
        {
            Convert(Read(k), decoded, workspace);
            for (int c = 0; c < sums.Length; c++)
                sums[c] += values[c];
        }

        for (int c = 0; c < sums.Length; c++)
            sums[c] /= Donors.Length;
        Convert(sum, part, workspace);

        TypedBytes Read(int donor)
        {
            TensorReader tensor = Donors[donor].Tensor;
            long row = (outer * axis.Tokens(tensor.Spec.Shape)) + Donors[donor].Row;
            return workspace.Read(tensor, (row * axis.Inner(tensor.Spec.Shape)) + column, part.Count);
        }
    }

    /// <summary>Copies elements, rounding them once where the types differ.</summary>
    internal static void Convert(TypedBytes from, TypedBytes to, ITileContext workspace)
    {
        if (from.Type == to.Type)
            from.Bytes.Span.CopyTo(to.Bytes.Span);
        else
            workspace.Worker.Combine(LinearCombination.BaseAlone, [from], to);
    }
}
