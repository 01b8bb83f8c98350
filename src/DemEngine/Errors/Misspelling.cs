namespace DemEngine.Errors;

/// <summary>Finds the known word that a misspelt one was probably meant to be.</summary>
internal static class Misspelling
{
    private const int LongestWord = 64;
    private const int FewestLetters = 2;
    private const int MostWords = 3;

    /// <summary>
    /// Returns <c> (did you mean "weight"?)</c> if a known word is near, or a few begin with the word, else an empty string.
    /// </summary>
    public static string DidYouMean(string word, IEnumerable<string> known)
    {
        if (word.Length > LongestWord) return "";
        string[] candidates = [.. known.Where(candidate => candidate.Length <= LongestWord)];
        string[] meant = Nearest(word, candidates) is { } nearest ? [nearest] : BegunBy(word, candidates);
        return meant.Length == 0 ? "" : $" (did you mean {string.Join(" or ", meant.Select(one => $"\"{one}\""))}?)";
    }

    private static string? Nearest(string word, string[] known)
    {
        // Up to one slip in three letters counts as a misspelling. More than that is another word.
        int limit = Math.Clamp(word.Length / 3, 1, 3);
        return known
            .Select(candidate => (candidate, distance: Distance(word.ToLowerInvariant(), candidate.ToLowerInvariant())))
            .Where(pair => pair.distance <= limit)
            .OrderBy(pair => pair.distance).ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .Select(pair => pair.candidate).FirstOrDefault();
    }

    /// <summary>The words of which a word is the beginning. Where they are many it says too little: none.</summary>
    private static string[] BegunBy(string word, string[] known)
    {
        if (word.TrimStart('-').Length < FewestLetters)
            return [];
        string[] begun =
        [
            .. known.Where(candidate => candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                .Distinct().Order(StringComparer.Ordinal),
        ];
        return begun.Length > MostWords ? [] : begun;
    }

    /// <summary>
    /// Computes the number of letters to add, drop, change or swap with their neighbour to turn one word into the other.
    /// </summary>
    internal static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                int change = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(change, 1 + Math.Min(cost[i - 1, j], cost[i, j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    cost[i, j] = Math.Min(cost[i, j], 1 + cost[i - 2, j - 2]);
            }
        }

        return cost[a.Length, b.Length];
    }
}
