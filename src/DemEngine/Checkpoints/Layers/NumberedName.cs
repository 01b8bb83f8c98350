using System.Globalization;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.Layers;

/// <summary>A tensor's name, cut at a number: <c>model.layers</c>, 7, <c>mlp.up_proj.weight</c>.</summary>
/// <param name="List">What stands before the number.</param>
/// <param name="Number">The number.</param>
/// <param name="Rest">What follows the number; never empty.</param>
internal sealed record NumberedName(string List, int Number, string Rest)
{
    /// <summary>Last part of <see cref="List"/>, which names it.</summary>
    public string Word => WordOf(List);

    /// <summary>Path of the module that has the list.</summary>
    public string Parent => List.LastIndexOf('.') is var dot and >= 0 ? List[..dot] : "";

    /// <summary>Path of the numbered module.</summary>
    public string Module => List.Length == 0 ? Number.ToString(CultureInfo.InvariantCulture) : $"{List}.{Number}";

    /// <summary>Returns the last part of a list's path, which names it.</summary>
    public static string WordOf(string list) => list[(list.LastIndexOf('.') + 1)..];

    /// <summary>Cuts a name at each of its numbers, from the left.</summary>
    /// <param name="tensor">The name.</param>
    /// <param name="pool">Parts of names that were cut before; null for none.</param>
    public static IEnumerable<NumberedName> Cuts(string tensor, NamePool? pool = null)
    {
        string Part(Range range) => pool is null ? tensor[range] : pool.Of(tensor.AsSpan(range));
        int start = 0;
        while (tensor.IndexOf('.', start) is var dot and >= 0)
        {
            if (dot + 1 < tensor.Length
                && (dot == start + 1 || tensor[start] != '0')
                && int.TryParse(
                    tensor.AsSpan(start, dot - start), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                yield return new NumberedName(start == 0 ? "" : Part(..(start - 1)), number, Part((dot + 1)..));
            start = dot + 1;
        }
    }
}
