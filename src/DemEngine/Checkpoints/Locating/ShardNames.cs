using System.Globalization;
using System.Text.RegularExpressions;

namespace DemEngine.Checkpoints.Locating;

/// <summary>
/// Shards that name their own place, <c>model-00002-of-00003.safetensors</c>, so that a folder without an index can be read: all
/// of them together are the model.
/// </summary>
/// <param name="Stem">Name in front of the numbers, such as <c>model</c>.</param>
/// <param name="Count">Number of shards that the names claim.</param>
/// <param name="Suffix">What the names end in, such as <c>.safetensors</c>.</param>
/// <param name="Files">File names that are there, by number from 1.</param>
internal sealed partial record ShardNames(string Stem, int Count, string Suffix, SortedDictionary<int, string> Files)
{
    /// <summary>Whether all shards are there.</summary>
    public bool IsComplete => Files.Count == Count;

    /// <summary>File names of the shards that are not there.</summary>
    public IEnumerable<string> Missing => Enumerable.Range(1, Count)
        .Where(number => !Files.ContainsKey(number))
        .Select(number => string.Create(CultureInfo.InvariantCulture, $"{Stem}-{number:D5}-of-{Count:D5}{Suffix}"));

    /// <summary>Groups the shards among the files of a folder by the model that they are shards of.</summary>
    /// <param name="files">File names.</param>
    /// <param name="suffix">What the shards' names end in, such as <c>.safetensors</c>.</param>
    public static ShardNames[] Find(IEnumerable<string> files, string suffix)
    {
        var found = new Dictionary<(string Stem, int Count), SortedDictionary<int, string>>();
        foreach (string file in files)
        {
            Match match = Form().Match(file);
            if (!match.Success || match.Groups[4].Value != suffix)
                continue;
            int number = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
            int count = int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture);
            if (number < 1 || number > count)
                continue;
            if (!found.TryGetValue((match.Groups[1].Value, count), out SortedDictionary<int, string>? shards))
                found.Add((match.Groups[1].Value, count), shards = []);
            shards[number] = file;
        }

        return [.. found.OrderBy(one => one.Key.Stem, StringComparer.Ordinal).ThenBy(one => one.Key.Count)
            .Select(one => new ShardNames(one.Key.Stem, one.Key.Count, suffix, one.Value))];
    }

    [GeneratedRegex(@"^(.+)-(\d{5,6})-of-(\d{5,6})(\.[a-z]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
