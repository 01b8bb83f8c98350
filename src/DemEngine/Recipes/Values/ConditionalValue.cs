using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>One condition of a <see cref="ConditionalValue"/>: a value for the tensors that a filter lets through.</summary>
/// <param name="Filter">
/// A text to be found anywhere in the tensor's name, case included; null or <c>*</c> lets every tensor through.
/// </param>
/// <param name="Value">The value for those tensors.</param>
public sealed record Condition(string? Filter, UnconditionalValue Value)
{
    /// <summary>A text to be found in the tensor's name, case included; null or <c>*</c> lets every tensor through.</summary>
    /// <exception cref="ArgumentException">It is empty, which says neither.</exception>
    public string? Filter { get; } =
        Filter is "" ? throw new ArgumentException("A filter is not empty.", nameof(Filter)) : Filter;

    /// <summary>Whether the filter lets a tensor through.</summary>
    /// <param name="tensorName">The tensor's full name.</param>
    /// <returns>True if it does.</returns>
    public bool Matches(string tensorName) => Filter is null or "*" || tensorName.Contains(Filter, StringComparison.Ordinal);
}

/// <summary>Conditions of which the first that matches the tensor's name gives the value.</summary>
public sealed record ConditionalValue : ParameterValue
{
    /// <summary>Makes a list of conditions.</summary>
    /// <param name="conditions">At least one, in the order to try them.</param>
    /// <param name="place">Where it stands; <see cref="SourceLocation.None"/> when null.</param>
    /// <exception cref="ArgumentException">There is no condition.</exception>
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
