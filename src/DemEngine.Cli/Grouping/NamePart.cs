using System.Globalization;

namespace DemEngine.Cli.Grouping;

/// <summary>One part of the names of many tensors: a word, one of some words, or one of some numbers.</summary>
internal sealed class NamePart
{
    private readonly string[] _words;
    private readonly int[] _numbers;
    private readonly bool _isAll;

    private NamePart(string[] words, int[] numbers, bool isAll)
    {
        _words = words;
        _numbers = numbers;
        _isAll = isAll;
    }

    /// <summary>Whether the part is a number in each name.</summary>
    public bool IsNumber => _words.Length == 0;

    /// <summary>Number of different words or numbers.</summary>
    public int Choices => _words.Length + _numbers.Length;

    /// <summary>A word that is in all names.</summary>
    public static NamePart Word(string word) => new([word], [], isAll: false);

    /// <summary>Numbers of which one is in each name.</summary>
    /// <param name="numbers">The numbers, in ascending order.</param>
    /// <param name="isAll">Whether these are all numbers that occur there in any name.</param>
    public static NamePart Number(int[] numbers, bool isAll) => new([], numbers, isAll);

    /// <summary>The words of two parts.</summary>
    public NamePart With(NamePart other) => new([.. _words, .. other._words], [], isAll: false);

    public override string ToString()
    {
        if (IsNumber)
            return _numbers.Length == 1 ? Text(_numbers[0]) : _isAll ? "*" : $"[{Ranges()}]";
        if (_words.Length == 1)
            return _words[0];

        // What all words have in common stands outside the braces: {gate,up,down}_proj.
        int suffix = Common(word => string.Concat(word.Reverse()));
        int prefix = Common(word => word[..^suffix]);
        return $"{_words[0][..prefix]}{{{string.Join(',', _words.Select(word => word[prefix..^suffix]))}}}{_words[0][^suffix..]}";
    }

    /// <summary>Length of the longest beginning, up to and with a low line, that all words have.</summary>
    private int Common(Func<string, string> from)
    {
        string[] words = [.. _words.Select(from)];
        int shortest = words.Min(word => word.Length);
        int length = 0;
        for (int k = 0; k < shortest && words.All(word => word[k] == words[0][k]); k++)
        {
            if (words[0][k] == '_')
                length = k + 1;
        }

        return length;
    }

    private string Ranges()
    {
        var ranges = new List<string>();
        for (int k = 0; k < _numbers.Length;)
        {
            int first = k;
            while (++k < _numbers.Length && _numbers[k] == _numbers[k - 1] + 1)
            {
            }

            ranges.Add(k - first == 1 ? Text(_numbers[first]) : $"{Text(_numbers[first])}-{Text(_numbers[k - 1])}");
        }

        return string.Join(',', ranges);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
