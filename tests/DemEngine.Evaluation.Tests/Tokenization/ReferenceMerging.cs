namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>Byte-pair merging as its definition reads: join the pair that comes first in the list, at its leftmost place; again, until none is there.</summary>
internal static class ReferenceMerging
{
    public static List<string> Merge(IEnumerable<string> symbols, IReadOnlyList<(string, string)> merges)
    {
        List<string> text = [.. symbols];
        while (true)
        {
            var (rank, at) = Enumerable.Range(0, Math.Max(0, text.Count - 1))
                .Select(i => (Rank: merges.IndexOf((text[i], text[i + 1])), At: i)).Where(found => found.Rank >= 0).Order().FirstOrDefault((-1, -1));
            if (rank < 0)
                return text;
            text[at] += text[at + 1];
            text.RemoveAt(at + 1);
        }
    }

    /// <summary>SentencePiece's: join the pair that makes the piece with the highest score, the leftmost of equals.</summary>
    public static List<string> MergeByScore(IEnumerable<string> symbols, IReadOnlyDictionary<string, float> scores)
    {
        List<string> text = [.. symbols];
        while (true)
        {
            int best = -1;
            for (int i = 0; i + 1 < text.Count; i++)
            {
                if (scores.TryGetValue(text[i] + text[i + 1], out float score) && (best < 0 || score > scores[text[best] + text[best + 1]]))
                    best = i;
            }

            if (best < 0)
                return text;
            text[best] += text[best + 1];
            text.RemoveAt(best + 1);
        }
    }

    /// <summary>Merges as training finds them: each joins two tokens that are there.</summary>
    public static List<(string, string)> Draw(Random random, string[] symbols, int count)
    {
        List<string> tokens = [.. symbols];
        var merges = new List<(string, string)>();
        while (merges.Count < count)
        {
            string left = tokens[random.Next(tokens.Count)], right = tokens[random.Next(tokens.Count)];
            if (left.Length + right.Length > 8 || tokens.Contains(left + right))
                continue;
            merges.Add((left, right));
            tokens.Add(left + right);
        }

        return merges;
    }

    private static int IndexOf(this IReadOnlyList<(string, string)> merges, (string, string) merge)
    {
        for (int i = 0; i < merges.Count; i++)
        {
            if (merges[i] == merge)
                return i;
        }

        return -1;
    }
}
