using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Recipes;
using DemEngine.Recipes.Text;

namespace DemEngine.Merging.Cards;

/// <summary>The licence that a model card states in its front matter.</summary>
/// <param name="Id">Value of <c>license</c>.</param>
/// <param name="Name">Value of <c>license_name</c>, which names a licence whose id is <c>other</c>; or null.</param>
/// <param name="Link">Value of <c>license_link</c>, or null.</param>
internal sealed record StatedLicense(string Id, string? Name, string? Link)
{
    private const string Fence = "---";

    /// <summary>Returns the licence of a merge: that of all its inputs, if their cards state one and the same.</summary>
    /// <param name="inputs">Models that were merged.</param>
    /// <returns>Null if a card is missing, states none, or states another than the rest.</returns>
    public static StatedLicense? Common(IEnumerable<Checkpoint> inputs)
    {
        StatedLicense?[] stated =
        [
            .. inputs.Where(input => !DistributionVector.IsVector(input))
                .Select(input => input.ReadCard() is { } card ? Read(card) : null)
                .Distinct(),
        ];
        return stated.Length == 1 ? stated[0] : null;
    }

    /// <summary>Reads the licence from a card; null if it states none that can be read.</summary>
    internal static StatedLicense? Read(byte[] card)
    {
        string[] lines = Encoding.UTF8.GetString(card).TrimStart('\uFEFF').Split('\n');
        int end = Array.FindIndex(lines, 1, line => line.TrimEnd() == Fence);
        if (lines[0].TrimEnd() != Fence || end < 0)
            return null;

        try
        {
            MapEntry[] entries =
            [
                .. NodeReader.Read(string.Join('\n', lines[1..end]), "README.md")
                    .OfType<MapNode>()
                    .SelectMany(map => map.Entries),
            ];
            string? Text(string key) =>
                entries.FirstOrDefault(entry => entry.Key == key)?.Value is TextNode { Text.Length: > 0 } text ? text.Text : null;
            return Text("license") is { } id ? new StatedLicense(id, Text("license_name"), Text("license_link")) : null;
        }
        catch (DemException)
        {
            return null;
        }
    }
}
