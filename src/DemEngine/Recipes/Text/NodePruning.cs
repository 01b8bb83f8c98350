namespace DemEngine.Recipes.Text;

/// <summary>Takes a value out of a recipe, so that what else is wrong with it can be found.</summary>
internal static class NodePruning
{
    /// <summary>Returns a tree without one of its values.</summary>
    /// <param name="node">The tree.</param>
    /// <param name="key">Key path of the value, as errors name it.</param>
    /// <returns>The same tree if it has no such value.</returns>
    public static RecipeNode Without(RecipeNode node, string key) => Without(node, SourceLocation.None, key);

    private static RecipeNode Without(RecipeNode node, SourceLocation place, string key)
    {
        switch (node)
        {
            case MapNode map:
                var entries = new List<MapEntry>(map.Entries.Count);
                foreach (MapEntry entry in map.Entries)
                {
                    SourceLocation at = place.At(entry.Key, entry.Line);
                    if (at.Key != key)
                        entries.Add(LeadsTo(at, key) ? entry with { Value = Without(entry.Value, at, key) } : entry);
                }

                return new MapNode(map.Line, entries);
            case ListNode list:
                var items = new List<RecipeNode>(list.Items.Count);
                for (int k = 0; k < list.Items.Count; k++)
                {
                    SourceLocation at = place.At(k, list.Items[k].Line);
                    if (at.Key != key)
                        items.Add(LeadsTo(at, key) ? Without(list.Items[k], at, key) : list.Items[k]);
                }

                return new ListNode(list.Line, items);
            default:
                return node;
        }
    }

    private static bool LeadsTo(SourceLocation place, string key) => key.StartsWith(place.Key, StringComparison.Ordinal);
}
