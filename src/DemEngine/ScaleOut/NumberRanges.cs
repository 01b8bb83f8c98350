using System.Globalization;

namespace DemEngine.ScaleOut;

/// <summary>Writes lists of numbers as schedulers take them: <c>0,2-5,7</c>.</summary>
internal static class NumberRanges
{
    /// <summary>Writes a list.</summary>
    /// <param name="numbers">The numbers, in ascending order, each once.</param>
    public static string Text(IReadOnlyList<int> numbers)
    {
        var ranges = new List<string>();
        for (int k = 0; k < numbers.Count;)
        {
            int first = k;
            while (k + 1 < numbers.Count && numbers[k + 1] == numbers[k] + 1)
                k++;
            ranges.Add(first == k
                ? string.Create(CultureInfo.InvariantCulture, $"{numbers[k]}")
                : string.Create(CultureInfo.InvariantCulture, $"{numbers[first]}-{numbers[k]}"));
            k++;
        }

        return string.Join(',', ranges);
    }
}
