namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>SentencePiece's visible space.</summary>
internal static class Metaspace
{
    /// <summary>U+2581.</summary>
    public const char Mark = '▁';

    /// <summary>Makes spaces visible.</summary>
    public static string Show(string text) => text.Replace(' ', Mark);

    /// <summary>Cuts before each visible space.</summary>
    public static IEnumerable<string> Words(string shown)
    {
        int start = 0;
        for (int at = 1; at <= shown.Length; at++)
        {
            if (at == shown.Length || shown[at] == Mark)
                yield return shown[start..(start = at)];
        }
    }
}
