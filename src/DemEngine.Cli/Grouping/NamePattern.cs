using System.Globalization;

namespace DemEngine.Cli.Grouping;

/// <summary>
/// The names of many tensors as one: <c>model.layers.*.mlp.experts.*.{gate,up,down}_proj.weight</c>. Each part of the name is a
/// word, some words of which one is in each name, or some numbers.
/// </summary>
internal sealed class NamePattern
{
    private readonly NamePart[] _parts;

    public NamePattern(IEnumerable<NamePart> parts) => _parts = [.. parts];

    /// <summary>Parts of the name, which dots separate.</summary>
    public IReadOnlyList<NamePart> Parts => _parts;

    /// <summary>Writes the number of tensors as a product, as in 58×256×3, where each combination of the parts occurs.</summary>
    /// <param name="count">Number of tensors.</param>
    public string Count(int count)
    {
        int[] factors = [.. _parts.Select(part => part.Choices).Where(choices => choices > 1)];
        return factors.Length > 1 && factors.Aggregate(1L, (product, factor) => product * factor) == count
            ? string.Join('×', factors)
            : count.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Takes two patterns for one that differ in a single word; null if they differ otherwise.</summary>
    /// <param name="other">The other pattern.</param>
    /// <param name="at">Position of the part in which they differ.</param>
    public NamePattern With(NamePattern other, int at) =>
        new(_parts.Select((part, k) => k == at ? part.With(other._parts[k]) : part));

    /// <summary>A text that is the same for patterns that differ only in the word at a position; null for a number.</summary>
    public string? WithoutWord(int at) =>
        _parts[at].IsNumber ? null : string.Join('.', _parts.Select((part, k) => k == at ? "?" : part.ToString()));

    public override string ToString() => string.Join('.', _parts.Select(part => part.ToString()));
}
