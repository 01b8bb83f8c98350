using System.Collections.Immutable;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;

namespace DemEngine.ScaleOut;

/// <summary>
/// Divides the statistics over several tensors among parts. What is measured together stays together, so that a statistic over
/// the whole model is measured by one part.
/// </summary>
internal static class MeasureCut
{
    /// <summary>Divides the statistics of a plan.</summary>
    /// <param name="plan">The whole plan.</param>
    /// <param name="parts">Number of parts.</param>
    /// <returns>For each part, the names of the tensors whose statistics it measures; none where it has nothing to do.</returns>
    public static ImmutableArray<HashSet<string>> Of(OutputPlan plan, int parts)
    {
        // The groups of one tensor, such as those of thresholds and of norms, build on each other, and go to one part.
        var unitOf = new Dictionary<string, int>(StringComparer.Ordinal);
        var units = new List<HashSet<string>>();
        var bytes = new List<long>();
        IEnumerable<CrossTensorPart> all = plan.Tensors.SelectMany(tensor => tensor.CrossTensorParts);
        foreach (CrossTensorPart[] group in CrossTensorPart.Groups(all))
        {
            int[] known =
                [.. group.Select(part => unitOf.GetValueOrDefault(part.Tensor, -1)).Where(unit => unit >= 0).Distinct()];
            int unit = known.Length == 0 ? units.Count : known[0];
            if (known.Length == 0)
            {
                units.Add(new HashSet<string>(StringComparer.Ordinal));
                bytes.Add(0);
            }

            foreach (int other in known.Skip(1))
            {
                units[unit].UnionWith(units[other]);
                bytes[unit] += bytes[other];
                units[other].Clear();
                bytes[other] = 0;
            }

            units[unit].UnionWith(group.Select(part => part.Tensor));
            bytes[unit] += CrossTensorPart.BytesRead(group);
            foreach (string tensor in units[unit])
                unitOf[tensor] = unit;
        }

        return
        [
            .. PlanCut.Of(bytes, parts).Select(range => units.Skip(range.First).Take(range.Count)
                .SelectMany(unit => unit).ToHashSet(StringComparer.Ordinal)),
        ];
    }
}
