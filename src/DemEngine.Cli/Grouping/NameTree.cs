namespace DemEngine.Cli.Grouping;

/// <summary>The tree of a network's modules, as the names of its tensors show it, with a leaf for each group.</summary>
internal static class NameTree
{
    /// <summary>Lists the modules and groups, each below the module that it is in.</summary>
    /// <param name="groups">Groups of tensors.</param>
    /// <returns>Name of each line, its depth, and its group; null for a module.</returns>
    public static IEnumerable<(string Name, int Depth, NameGroup? Group)> Lines(IEnumerable<NameGroup> groups)
    {
        var root = new Node("");
        foreach (NameGroup group in groups)
        {
            Node node = root;
            foreach (string step in Steps(group.Pattern))
                node = node.Child(step);
            node.Groups.Add(group);
        }

        return root.Children.SelectMany(child => child.Lines(0));
    }

    /// <summary>Parts of a name; a number stays with the list that it counts in.</summary>
    private static IEnumerable<string> Steps(NamePattern pattern)
    {
        string? list = null;
        foreach (NamePart part in pattern.Parts)
        {
            if (part.IsNumber && list is not null)
            {
                list = $"{list}.{part}";
                continue;
            }

            if (list is not null)
                yield return list;
            list = part.ToString();
        }

        if (list is not null)
            yield return list;
    }

    private sealed class Node(string name)
    {
        private readonly Dictionary<string, Node> _byName = new(StringComparer.Ordinal);

        public string Name { get; } = name;

        public List<Node> Children { get; } = [];

        public List<NameGroup> Groups { get; } = [];

        public Node Child(string step)
        {
            if (!_byName.TryGetValue(step, out Node? child))
            {
                _byName.Add(step, child = new Node(step));
                Children.Add(child);
            }

            return child;
        }

        public IEnumerable<(string Name, int Depth, NameGroup? Group)> Lines(int depth)
        {
            // A module with one thing in it shares the line with that.
            string path = Name;
            Node node = this;
            while (node.Groups.Count == 0 && node.Children.Count == 1)
            {
                node = node.Children[0];
                path = $"{path}.{node.Name}";
            }

            foreach (NameGroup group in node.Groups)
                yield return (path, depth, group);
            if (node.Groups.Count == 0)
                yield return (path, depth, null);
            foreach (var line in node.Children.SelectMany(child => child.Lines(depth + 1)))
                yield return line;
        }
    }
}
