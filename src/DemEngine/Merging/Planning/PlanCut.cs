using System.Collections.Immutable;

namespace DemEngine.Merging.Planning;

/// <summary>
/// Cuts the tensors of a plan into parts that move about as many bytes each. Cuts lie between tensors, so that the largest tensor
/// is a lower bound of the largest part.
/// </summary>
internal static class PlanCut
{
    /// <summary>Cuts tensors into parts.</summary>
    /// <param name="bytes">Bytes that are read and written for each tensor, in the order of the layout.</param>
    /// <param name="parts">Number of parts, at least one. Where there are fewer tensors, some parts are empty.</param>
    /// <returns>The tensors of each part; together all of them, in order.</returns>
    public static ImmutableArray<TensorRange> Of(IReadOnlyList<long> bytes, int parts)
    {
        Int128 total = 0;
        foreach (long one in bytes)
            total += one;
        var ranges = ImmutableArray.CreateBuilder<TensorRange>(parts);
        Int128 before = 0;
        int at = 0;
        for (int part = 1; part <= parts; part++)
        {
            // The cut goes to the boundary that is nearest to the ideal one: a tensor belongs to the part that has its middle.
            // All is scaled by twice the number of parts, so that nothing is rounded.
            int first = at;
            while (at < bytes.Count && (part == parts || ((2 * before) + bytes[at]) * parts < 2 * total * part))
                before += bytes[at++];
            ranges.Add(new TensorRange(first, at - first));
        }

        return ranges.MoveToImmutable();
    }
}
