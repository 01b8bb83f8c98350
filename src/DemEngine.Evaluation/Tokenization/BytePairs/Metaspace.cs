namespace DemEngine.Evaluation.Tokenization.BytePairs;

/// <summary>SentencePiece's visible space, and operations with it.</summary>
internal static class Metaspace
{
    /// <summary>The character U+2581, which stands for a space.</summary>
    public const char Mark = '▁';

    /// <summary>Replaces spaces by visible ones.</summary>
    public static string Show(string text) => text.Replace(' ', Mark);

    /// <summary>Splits a text before each visible space.</summary>
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
