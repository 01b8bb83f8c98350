namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// Counts layers through the stages that they lie in, as in Swin, ConvNeXt and ResNet: <c>stages.1.layers.0</c> follows the
/// last layer of <c>stages.0</c>.
/// </summary>
internal static class LayerStages
{
    private const double LeastAlike = 0.6;

    /// <summary>Returns the places of the tensors of a list, or null if its members are no stages.</summary>
    /// <param name="list">Tensors of one list, cut at its number.</param>
    public static IReadOnlyList<(NumberedName Cut, LayerPlace Place)>? Count(IReadOnlyCollection<NumberedName> list)
    {
        string outer = list.First().Word;
        string? inner = list.Select(cut => Inner(cut)?.List).OfType<string>().Where(word => LayerWords.CanHold(outer, word))
            .GroupBy(word => word, StringComparer.Ordinal).OrderByDescending(word => word.Count()).FirstOrDefault()?.Key;
        if (inner is null)
            return null;

        (NumberedName Cut, NumberedName? Inner)[] all =
            [.. list.Select(cut => (cut, Inner(cut) is { } one && one.List == inner ? one : null))];
        ILookup<int, NumberedName> stages = all.Where(one => one.Inner is not null)
            .ToLookup(one => one.Cut.Number, one => one.Inner!);
        if (stages.Sum(stage => stage.Count()) * 2 < all.Length
            || stages.Count < all.Select(one => one.Cut.Number).Distinct().Count()
            || !AreLayers(stages, LayerWords.IsStage(outer)))
            return null;

        var first = new Dictionary<int, int>();
        int count = 0;
        foreach (IGrouping<int, NumberedName> stage in stages.OrderBy(stage => stage.Key))
        {
            first.Add(stage.Key, count);
            count += stage.Max(one => one.Number) + 1;
        }

        // What reduces the resolution between stages belongs to the layer beside it.
        int lastStage = first.Keys.Max();
        HashSet<string> ofFirst = RestsOf(all, first.Keys.Min());
        HashSet<string> ofLast = RestsOf(all, lastStage);
        LayerPlace PlaceOf(NumberedName cut, NumberedName? one)
        {
            if (one is not null)
                return new LayerPlace(cut.List, first[cut.Number] + one.Number, $"{cut.Module}.{one.Module}");
            bool isBehind = ofFirst.Contains(cut.Rest) && !ofLast.Contains(cut.Rest);
            int layer = isBehind ? first.GetValueOrDefault(cut.Number + 1, count) - 1 : first[cut.Number];
            return new LayerPlace(cut.List, layer, cut.Module);
        }

        return [.. all.Select(one => (one.Cut, PlaceOf(one.Cut, one.Inner)))];
    }

    private static HashSet<string> RestsOf((NumberedName Cut, NumberedName? Inner)[] all, int stage) =>
        [.. all.Where(one => one.Inner is null && one.Cut.Number == stage).Select(one => one.Cut.Rest)];

    private static NumberedName? Inner(NumberedName cut)
    {
        // A number further on than the second part has a list of several words before it, as experts in a layer have.
        int first = cut.Rest.IndexOf('.', StringComparison.Ordinal);
        int second = first < 0 ? -1 : cut.Rest.IndexOf('.', first + 1);
        bool canBe = (first > 0 && char.IsAsciiDigit(cut.Rest[0])) || (second > 0 && char.IsAsciiDigit(cut.Rest[first + 1]));
        return canBe && NumberedName.Cuts(cut.Rest).FirstOrDefault() is { } inner
            && !inner.List.Contains('.', StringComparison.Ordinal)
            ? inner
            : null;
    }

    /// <summary>Whether the inner lists hold layers, that is, mostly the same tensors under each number.</summary>
    private static bool AreLayers(ILookup<int, NumberedName> stages, bool isNamedSo)
    {
        int alike = 0, pairs = 0;
        foreach (IGrouping<int, NumberedName> stage in stages)
        {
            HashSet<string>[] layers =
            [
                .. stage.GroupBy(one => one.Number).OrderBy(layer => layer.Key)
                    .Select(layer => layer.Select(one => one.Rest).ToHashSet(StringComparer.Ordinal)),
            ];
            for (int k = 1; k < layers.Length; k++)
            {
                int both = layers[k].Count(layers[k - 1].Contains);
                pairs++;
                alike += both >= LeastAlike * (layers[k].Count + layers[k - 1].Count - both) ? 1 : 0;
            }
        }

        return pairs == 0 ? isNamedSo : alike * 3 >= pairs * 2;
    }
}
