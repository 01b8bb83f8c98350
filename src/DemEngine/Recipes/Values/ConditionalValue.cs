using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>One condition of a <see cref="ConditionalValue"/>: a value for the tensors that match a filter.</summary>
/// <param name="Filter">
/// Text to find anywhere in the tensor's name, case-sensitive; null or <c>*</c> matches every tensor.
/// </param>
/// <param name="Value">Value for the matching tensors.</param>
public sealed record Condition(string? Filter, UnconditionalValue Value)
{
    /// <summary>Text to find anywhere in the tensor's name, case-sensitive; null or <c>*</c> matches every tensor.</summary>
    /// <exception cref="ArgumentException">The filter is empty.</exception>
    public string? Filter { get; } =
        Filter is "" ? throw new ArgumentException("A filter is not empty.", nameof(Filter)) : Filter;

    /// <summary>Checks whether a tensor matches the filter.</summary>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <returns>True if the tensor matches.</returns>
    public bool Matches(string tensorName) => Filter is null or "*" || tensorName.Contains(Filter, StringComparison.Ordinal);
}

/// <summary>A list of conditions; the first that matches the tensor's name gives the value.</summary>
public sealed record ConditionalValue : ParameterValue
{
    /// <summary>Creates a list of conditions.</summary>
    /// <param name="conditions">Conditions in the order to try them; at least one.</param>
    /// <param name="place">Location in the recipe; <see cref="SourceLocation.None"/> when null.</param>
    /// <exception cref="ArgumentException">No condition was given.</exception>
    public ConditionalValue(ValueList<Condition> conditions, SourceLocation? place = null)
        : base(place ?? SourceLocation.None)
    {
        if (conditions.Count == 0) throw new ArgumentException("There is at least one condition.", nameof(conditions));
        Conditions = conditions;
    }

    /// <summary>The conditions, in the order to try them.</summary>
    public ValueList<Condition> Conditions { get; }

    internal override string Found => "a list of {filter, value}";

    internal override IEnumerable<UnconditionalValue> Leaves => Conditions.Select(condition => condition.Value);

    internal override UnconditionalValue? Select(string tensorName) =>
        Conditions.FirstOrDefault(condition => condition.Matches(tensorName))?.Value;
}
