using System.Globalization;

namespace DemEngine.Cli.Grouping;

/// <summary>
/// Groups tensors whose names differ in numbers, or in one word, and of which the same is to be said, so that a model of many
/// thousand tensors fits on a screen.
/// </summary>
internal static class NameGroups
{
    // More kinds of names than these are no pattern, and would take long to compare.
    private const int MostKinds = 1000;

    /// <summary>Groups tensors.</summary>
    /// <param name="count">Number of tensors.</param>
    /// <param name="nameOf">Function that gives the name of a tensor.</param>
    /// <param name="saidOf">Function that gives what is said of a tensor; only tensors with equal values are grouped.</param>
    /// <returns>The groups, in the order of their first members.</returns>
    public static IReadOnlyList<NameGroup> Of(int count, Func<int, string> nameOf, Func<int, object> saidOf)
    {
        var kinds = new Dictionary<string, Kind>(StringComparer.Ordinal);
        var byText = kinds.GetAlternateLookup<ReadOnlySpan<char>>();
        char[] text = [];
        var numbers = new List<int>();
        for (int k = 0; k < count; k++)
        {
            string name = nameOf(k);
            if (text.Length < name.Length)
                text = new char[name.Length * 2];
            ReadOnlySpan<char> open = text.AsSpan(0, WithoutNumbers(name, text, numbers));
            if (!byText.TryGetValue(open, out Kind? kind))
                kinds.Add(open.ToString(), kind = new Kind(numbers.Count));
            kind.Add(k, numbers, saidOf(k));
        }

        var groups = kinds.SelectMany(kind => kind.Value.Groups(kind.Key)).OrderBy(group => group.Group.Members[0]).ToList();
        if (groups.Count <= MostKinds)
            JoinWords(groups);
        return [.. groups.Select(group => group.Group)];
    }

    /// <summary>Groups names alone.</summary>
    public static IReadOnlyList<NameGroup> Of(IReadOnlyList<string> names) => Of(names.Count, k => names[k], _ => "");

    /// <summary>Writes a name with an asterisk for each part that is a number.</summary>
    /// <returns>Number of characters written.</returns>
    private static int WithoutNumbers(string name, Span<char> text, List<int> numbers)
    {
        numbers.Clear();
        int written = 0;
        foreach (Range range in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> part = name.AsSpan(range);
            if (written > 0 || range.Start.Value > 0)
                text[written++] = '.';
            bool isNumber = part.Length > 0 && (part.Length == 1 || part[0] != '0')
                && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            if (isNumber)
            {
                numbers.Add(int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture));
                text[written++] = '*';
            }
            else
            {
                part.CopyTo(text[written..]);
                written += part.Length;
            }
        }

        return written;
    }

    /// <summary>Joins groups whose names differ in one word: those first of which there are most.</summary>
    private static void JoinWords(List<(NameGroup Group, object Said)> groups)
    {
        while (true)
        {
            var alike = new Dictionary<(string Name, int At, int Members, object Said), List<int>>();
            for (int k = 0; k < groups.Count; k++)
            {
                NamePattern pattern = groups[k].Group.Pattern;
                for (int at = 0; at < pattern.Parts.Count && pattern.Parts.Count > 1; at++)
                {
                    if (pattern.WithoutWord(at) is not { } name)
                        continue;
                    var key = (name, at, groups[k].Group.Members.Count / pattern.Parts[at].Choices, groups[k].Said);
                    if (!alike.TryGetValue(key, out List<int>? members))
                        alike.Add(key, members = []);
                    members.Add(k);
                }
            }

            var most = alike.Where(one => one.Value.Count > 1).OrderByDescending(one => one.Value.Count)
                .ThenByDescending(one => one.Key.At).ThenBy(one => one.Value[0]).FirstOrDefault();
            if (most.Value is null)
                return;
            NamePattern joined = most.Value.Select(k => groups[k].Group.Pattern).Aggregate((a, b) => a.With(b, most.Key.At));
            int[] all = [.. most.Value.SelectMany(k => groups[k].Group.Members).Order()];
            groups[most.Value[0]] = (new NameGroup(joined, all), most.Key.Said);
            foreach (int k in most.Value.Skip(1).Reverse())
                groups.RemoveAt(k);
        }
    }

    /// <summary>Tensors whose names differ in numbers only.</summary>
    /// <param name="numberCount">Number of numbers in each name.</param>
    private sealed class Kind(int numberCount)
    {
        private readonly HashSet<int>[] _all = NewSets(numberCount);
        private readonly Dictionary<object, (HashSet<int>[] Numbers, List<int> Members)> _said = [];
        private (object? Said, HashSet<int>[] Numbers, List<int> Members) _last = (null, [], []);

        public void Add(int tensor, List<int> numbers, object said)
        {
            // Mostly the same is to be said as of the tensor before.
            if (!said.Equals(_last.Said))
            {
                if (!_said.TryGetValue(said, out var group))
                    _said.Add(said, group = (NewSets(numberCount), []));
                _last = (said, group.Numbers, group.Members);
            }

            for (int k = 0; k < numberCount; k++)
            {
                _all[k].Add(numbers[k]);
                _last.Numbers[k].Add(numbers[k]);
            }

            _last.Members.Add(tensor);
        }

        public IEnumerable<(NameGroup Group, object Said)> Groups(string name)
        {
            foreach (var (said, (numbers, members)) in _said)
            {
                int at = 0;
                NamePart[] parts =
                [
                    .. name.Split('.').Select(part => part == "*" && at < numberCount
                        ? NamePart.Number([.. numbers[at].Order()], numbers[at].Count == _all[at++].Count)
                        : NamePart.Word(part)),
                ];
                yield return (new NameGroup(new NamePattern(parts), members), said);
            }
        }

        private static HashSet<int>[] NewSets(int count) => [.. Enumerable.Range(0, count).Select(_ => new HashSet<int>())];
    }
}
