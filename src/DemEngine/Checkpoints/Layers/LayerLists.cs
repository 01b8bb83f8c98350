using DemEngine.Memory;

namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// Finds the lists of layers of a model in its tensors' names. A list is known by its word, or else by what is in it: numbers
/// from 0 on, each with several modules that have the same tensors. Of several lists in a name the outermost one counts, so
/// that experts and heads inside a layer are none.
/// </summary>
internal static class LayerLists
{
    private const int FewestTensors = 3;
    private const int FewestCompanions = 3;

    /// <summary>Returns for each tensor of a layer its name, cut at the layer's number.</summary>
    /// <param name="tensors">Names of all tensors of the model.</param>
    public static Dictionary<string, NumberedName> Find(IEnumerable<string> tensors)
    {
        tensors.TryGetNonEnumeratedCount(out int count);
        var found = new Dictionary<string, NumberedName>(count, StringComparer.Ordinal);
        var others = new Dictionary<string, NumberedName[]>(StringComparer.Ordinal);
        var pool = new NamePool();
        var isList = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (string tensor in tensors)
        {
            List<NumberedName>? cuts = null;
            NumberedName? named = null;
            foreach (NumberedName cut in NumberedName.Cuts(tensor, pool))
            {
                if (!isList.TryGetValue(cut.List, out bool isNamed))
                    isList.Add(cut.List, isNamed = LayerWords.IsList(cut.Word));
                if (isNamed)
                {
                    named = cut;
                    break;
                }

                (cuts ??= []).Add(cut);
            }

            if (named is not null)
                found[tensor] = named;
            else if (cuts is not null)
                others[tensor] = [.. cuts];
        }

        // A list of plain matrices, such as fc_layers.0.weight, is a sequence of other things.
        HashSet<string> plain = PlainLists(found.Values);
        if (plain.Count > 0)
        {
            foreach (string tensor in found.Keys.Where(tensor => plain.Contains(found[tensor].List)).ToArray())
                found.Remove(tensor);
        }

        if (others.Count == 0)
            return found;
        HashSet<string> repeated =
        [
            .. others.Values.SelectMany(cuts => cuts).GroupBy(cut => cut.List, StringComparer.Ordinal).Where(IsRepeated)
                .Select(list => list.Key),
        ];
        foreach (var (tensor, cuts) in others)
        {
            if (cuts.FirstOrDefault(cut => repeated.Contains(cut.List)) is { } cut)
                found[tensor] = cut;
        }

        AddCompanions(found, others);
        return found;
    }

    private static HashSet<string> PlainLists(IEnumerable<NumberedName> cuts)
    {
        var counts = new Dictionary<string, (int All, int WithModule)>(StringComparer.Ordinal);
        foreach (NumberedName cut in cuts)
        {
            var (all, withModule) = counts.GetValueOrDefault(cut.List);
            counts[cut.List] = (all + 1, withModule + (HasModule(cut) ? 1 : 0));
        }

        return
        [
            .. counts.Where(list => list.Value.WithModule * 2 < list.Value.All
                    && !LayerWords.IsClassic(NumberedName.WordOf(list.Key)))
                .Select(list => list.Key),
        ];
    }

    private static bool HasModule(NumberedName cut) => cut.Rest.Contains('.', StringComparison.Ordinal);

    private static bool IsRepeated(IGrouping<string, NumberedName> list)
    {
        ILookup<int, string> layers = list.ToLookup(cut => cut.Number, cut => cut.Rest);
        if (layers.Count < 2 || !LayerWords.CanRepeat(list.First().Word) || layers.Max(layer => layer.Key) != layers.Count - 1)
            return false;
        HashSet<string> common =
        [
            .. list.GroupBy(cut => cut.Rest, StringComparer.Ordinal).Where(rest => rest.Count() * 2 > layers.Count)
                .Select(rest => rest.Key),
        ];
        return common.Count >= FewestTensors
            && common.Where(rest => rest.Contains('.', StringComparison.Ordinal)).Select(FirstPart).Distinct().Count() > 1
            && layers.All(layer => layer.Count(common.Contains) * 2 >= common.Count);
    }

    /// <summary>
    /// Adds the norms that lie in a list of their own beside that of the layers, one for each, as XLM's <c>layer_norm1.3</c>
    /// beside <c>attentions.3</c>.
    /// </summary>
    private static void AddCompanions(Dictionary<string, NumberedName> found, Dictionary<string, NumberedName[]> others)
    {
        HashSet<(string Parent, int Layers)> sizes =
        [
            .. found.Values.GroupBy(cut => cut.List, StringComparer.Ordinal)
                .Select(list => (list.First().Parent, list.Max(cut => cut.Number) + 1)),
        ];
        foreach (var list in others.Where(one => !found.ContainsKey(one.Key)).Select(one => (Tensor: one.Key, Cut: one.Value[0]))
            .GroupBy(one => one.Cut.List, StringComparer.Ordinal))
        {
            int[] numbers = [.. list.Select(one => one.Cut.Number).Distinct()];
            if (numbers.Length >= FewestCompanions
                && numbers.Max() == numbers.Length - 1
                && list.First().Cut.Word.Contains("norm", StringComparison.Ordinal)
                && sizes.Contains((list.First().Cut.Parent, numbers.Length)))
            {
                foreach (var (tensor, cut) in list)
                    found[tensor] = cut;
            }
        }
    }

    private static string FirstPart(string rest) => rest[..rest.IndexOf('.', StringComparison.Ordinal)];
}
