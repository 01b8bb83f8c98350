using System.Globalization;

namespace DemEngine.Checkpoints.Layers;

/// <summary>A tensor's name, cut at a number: <c>model.layers</c>, 7, <c>mlp.up_proj.weight</c>.</summary>
/// <param name="List">What stands before the number.</param>
/// <param name="Number">The number.</param>
/// <param name="Rest">What follows the number; never empty.</param>
internal sealed record NumberedName(string List, int Number, string Rest)
{
    /// <summary>Last part of <see cref="List"/>, which names it.</summary>
    public string Word => List[(List.LastIndexOf('.') + 1)..];

    /// <summary>Path of the module that has the list.</summary>
    public string Parent => List.LastIndexOf('.') is var dot and >= 0 ? List[..dot] : "";

    /// <summary>Path of the numbered module.</summary>
    public string Module => List.Length == 0 ? Number.ToString(CultureInfo.InvariantCulture) : $"{List}.{Number}";

    /// <summary>Cuts a name at each of its numbers, from the left.</summary>
    public static IEnumerable<NumberedName> Cuts(string tensor)
    {
        int start = 0;
        while (tensor.IndexOf('.', start) is var dot and >= 0)
        {
            if (dot + 1 < tensor.Length
                && (dot == start + 1 || tensor[start] != '0')
                && int.TryParse(
                    tensor.AsSpan(start, dot - start), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                yield return new NumberedName(start == 0 ? "" : tensor[..(start - 1)], number, tensor[(dot + 1)..]);
            start = dot + 1;
        }
    }
}
