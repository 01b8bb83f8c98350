using System.Text.RegularExpressions;

namespace DemEngine.Kernels.Tests.CodeGeneration;

/// <summary>The instructions of a kernel that are carried out more than once: those from which a path leads back to themselves.</summary>
internal static partial class PtxLoops
{
    public static IReadOnlyList<string> Of(string ptx)
    {
        (List<List<string>> blocks, List<List<int>> next) = Blocks(ptx);
        return [.. Enumerable.Range(0, blocks.Count).Where(block => Reaches(next, block)).SelectMany(block => blocks[block])];
    }

    private static bool Reaches(List<List<int>> next, int block)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>(next[block]);
        while (open.TryPop(out int at))
        {
            if (at == block)
                return true;
            if (seen.Add(at))
                next[at].ForEach(open.Push);
        }

        return false;
    }

    private static (List<List<string>> Blocks, List<List<int>> Next) Blocks(string ptx)
    {
        var blocks = new List<List<string>> { new() };
        var labels = new Dictionary<string, int>();
        bool ended = false;
        foreach (string line in ptx[ptx.IndexOf('{', StringComparison.Ordinal)..].Split('\n').Select(line => line.Trim()))
        {
            Match label = Label().Match(line);
            if (label.Success || (ended && line.Length > 0))
                blocks.Add([]);
            if (label.Success)
                labels[label.Groups[1].Value] = blocks.Count - 1;
            else if (line.Length > 0)
                blocks[^1].Add(line);
            ended = line.Contains("bra", StringComparison.Ordinal) || line.StartsWith("ret", StringComparison.Ordinal);
        }

        var next = new List<List<int>>();
        for (int block = 0; block < blocks.Count; block++)
        {
            string last = blocks[block].Count > 0 ? blocks[block][^1] : "";
            Match branch = Branch().Match(last);
            next.Add([]);
            if (branch.Success)
                next[block].Add(labels[branch.Groups[1].Value]);
            bool leaves = last.StartsWith("ret", StringComparison.Ordinal) || (branch.Success && !last.StartsWith('@'));
            if (!leaves && block + 1 < blocks.Count)
                next[block].Add(block + 1);
        }

        return (blocks, next);
    }

    [GeneratedRegex(@"^(\w+):$")]
    private static partial Regex Label();

    [GeneratedRegex(@"\bbra(?:\.uni)?\s+(\w+);")]
    private static partial Regex Branch();
}
