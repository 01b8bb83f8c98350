using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Configs;
using DemEngine.Errors;

namespace DemEngine.Merging.Planning;

/// <summary>
/// Checks that stacked layers have the tensors that the model expects at their places. Layers of one kind, as the configuration
/// tells kinds, have the same tensors; where they have not, as in T5, whose first layer alone has the table of relative
/// positions, their number decides, and each place must get what the base has there.
/// </summary>
internal static class StackedTensors
{
    private const string PerLayer = "per_layer";

    /// <summary>Checks a stack of layers.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="kinds">What the configuration says of the layers.</param>
    /// <exception cref="DemException">
    /// DEM2028 (LayersDoNotFit): a layer has other tensors than its place needs, or a tensor outside the layers has a part for
    /// each.
    /// </exception>
    public static void Check(SlicedStack stack, StackedKinds kinds)
    {
        CheckOutside(stack);
        IReadOnlyDictionary<string, TensorShape>[] ofBase =
            [.. Enumerable.Range(0, stack.BaseCount).Select(stack.Base.ShapesOf)];
        int place = 0;
        foreach (SlicedRun run in stack.Runs)
        {
            for (int k = 0; k < run.Layers.Count; k++, place++)
            {
                if (Expected(ofBase, kinds, place) is not { } expected)
                    CheckWidths(ofBase, run, run.Layers.First + k, place);
                else if (Difference(expected, run.Map.ShapesOf(run.Layers.First + k)) is { } difference)
                    throw DoesNotFit(run, run.Layers.First + k, place, difference);
            }
        }
    }

    /// <summary>Returns the tensors that a place needs; null if the base has no layer of that kind.</summary>
    private static IReadOnlyDictionary<string, TensorShape>? Expected(
        IReadOnlyDictionary<string, TensorShape>[] ofBase, StackedKinds kinds, int place)
    {
        int[] alike = [.. Enumerable.Range(0, ofBase.Length).Where(layer => kinds.OfBase[layer] == kinds.OfOutput[place])];
        if (alike.Length == 0)
            return null;
        if (alike.All(layer => Difference(ofBase[alike[0]], ofBase[layer]) is null))
            return ofBase[alike[0]];

        // The number decides: beyond the base's own layers its last one is the pattern.
        return ofBase[place < ofBase.Length && alike.Contains(place) ? place : alike[^1]];
    }

    private static string? Difference(
        IReadOnlyDictionary<string, TensorShape> expected, IReadOnlyDictionary<string, TensorShape> found)
    {
        if (expected.Keys.FirstOrDefault(name => !found.ContainsKey(name)) is { } missing)
            return $"has no {Quoted.Name(missing)}";
        if (found.Keys.FirstOrDefault(name => !expected.ContainsKey(name)) is { } extra)
            return $"has {Quoted.Name(extra)}, which its new place does not take";
        return expected.FirstOrDefault(one => found[one.Key] != one.Value) is { Key: not null } other
            ? $"has {Quoted.Name(other.Key)} of {found[other.Key]} instead of {other.Value}"
            : null;
    }

    /// <summary>
    /// Checks a layer of a kind that the base has not: its tensors have the base's shapes where the names are the same.
    /// </summary>
    private static void CheckWidths(IReadOnlyDictionary<string, TensorShape>[] ofBase, SlicedRun run, int layer, int place)
    {
        foreach (var (name, shape) in run.Map.ShapesOf(layer).Where(one => one.Value.Dimensions.Length == 1))
        {
            TensorShape[] there = [.. ofBase.Where(one => one.ContainsKey(name)).Select(one => one[name]).Distinct()];
            if (there.Length == 1 && there[0] != shape)
                throw DoesNotFit(run, layer, place, $"has {Quoted.Name(name)} of {shape} instead of {there[0]}");
        }
    }

    /// <summary>
    /// Refuses to move layers where a tensor outside them has columns or rows for each, as Gemma 3n's
    /// <c>embed_tokens_per_layer</c>.
    /// </summary>
    private static void CheckOutside(SlicedStack stack)
    {
        int place = 0;
        bool isMoved = stack.Count != stack.BaseCount
            || stack.Runs.Any(run => run.Layers.First != (place += run.Layers.Count) - run.Layers.Count);
        if (!isMoved || stack.BaseCount < 2)
            return;
        foreach (TensorSpec tensor in stack.Runs.SelectMany(run => run.Map.Outside).Concat(stack.Base.Outside))
        {
            if (tensor.Name.Contains(PerLayer, StringComparison.Ordinal)
                && tensor.Shape.Dimensions.Any(size => size > 0 && size % stack.BaseCount == 0)
                && !tensor.Name.Contains("norm", StringComparison.Ordinal))
                throw new DemException(
                    ErrorCode.LayersDoNotFit,
                    $"the tensor {Quoted.Name(tensor.Name)} of {tensor.Shape} has a part for each of the {stack.BaseCount} "
                    + "layers, so that they cannot be stacked in another order or number",
                    remedy: "Merge the layers in their places.");
        }
    }

    private static DemException DoesNotFit(SlicedRun run, int layer, int place, string difference) => new(
        ErrorCode.LayersDoNotFit,
        $"layer {layer} of {Quoted.Name(run.Name)} does not fit as layer {place} of the output: it {difference}");
}
