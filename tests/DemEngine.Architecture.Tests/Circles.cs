namespace DemEngine.Architecture.Tests;

/// <summary>Circles in a directed graph: its strongly connected components of more than one node (Tarjan, "Depth-first search and linear graph algorithms", 1972).</summary>
internal static class Circles
{
    /// <summary>Finds them.</summary>
    /// <param name="nodes">All nodes.</param>
    /// <param name="next">Where the arrows from a node lead; those that are no nodes are passed over.</param>
    public static List<List<string>> Find(IEnumerable<string> nodes, Func<string, IEnumerable<string>> next)
    {
        var all = nodes.ToHashSet();
        var index = new Dictionary<string, int>();
        var low = new Dictionary<string, int>();
        var stack = new Stack<string>();
        var onStack = new HashSet<string>();
        var found = new List<List<string>>();
        foreach (string node in all.Order(StringComparer.Ordinal))
        {
            if (!index.ContainsKey(node))
                Visit(node);
        }

        return found;

        void Visit(string node)
        {
            index[node] = low[node] = index.Count;
            stack.Push(node);
            onStack.Add(node);
            foreach (string other in next(node).Where(all.Contains))
            {
                if (!index.ContainsKey(other))
                    Visit(other);
                if (onStack.Contains(other))
                    low[node] = Math.Min(low[node], low[other]);
            }

            if (low[node] != index[node])
                return;
            var component = new List<string>();
            string top;
            do
            {
                top = stack.Pop();
                onStack.Remove(top);
                component.Add(top);
            }
            while (top != node);
            if (component.Count > 1)
                found.Add(component);
        }
    }
}
