using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>
/// What a recipe gives for a parameter: one of <see cref="NumberValue"/>, <see cref="FlagValue"/>, <see cref="TextValue"/>,
/// <see cref="GradientValue"/> and <see cref="ConditionalValue"/>. The forms are those of mergekit's recipes.
/// </summary>
public abstract record ParameterValue
{
    private protected ParameterValue(SourceLocation place) => Place = place;

    /// <summary>Where it stands in the recipe.</summary>
    public SourceLocation Place { get; init; }

    /// <summary>The value for one tensor.</summary>
    /// <param name="tensorName">The tensor's full name, which filters are looked for in.</param>
    /// <param name="t">How deep the tensor lies: layer index / (layer count − 1), from 0 to 1.</param>
    /// <returns>The value, or null when it has conditions and none of them matches.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not from 0 to 1.</exception>
    public ScalarValue? Evaluate(string tensorName, double t)
    {
        CheckDepth(t);
        return Select(tensorName)?.AtDepth(t);
    }

    internal static void CheckDepth(double t)
    {
        if (!(t >= 0 && t <= 1))
            throw new ArgumentOutOfRangeException(nameof(t), t, "A depth is from 0 (first layer) to 1 (last layer).");
    }

    /// <summary>What it holds for one tensor: itself, or the value of the first matching condition; null if none does.</summary>
    internal abstract UnconditionalValue? Select(string tensorName);

    /// <summary>What it is, for "found ...".</summary>
    internal abstract string Found { get; }

    /// <summary>Every value without conditions in it.</summary>
    internal abstract IEnumerable<UnconditionalValue> Leaves { get; }
}

/// <summary>A value that does not depend on the tensor's name: a scalar or a gradient.</summary>
public abstract record UnconditionalValue : ParameterValue
{
    private protected UnconditionalValue(SourceLocation place)
        : base(place)
    {
    }

    internal override IEnumerable<UnconditionalValue> Leaves => [this];

    internal override UnconditionalValue Select(string tensorName) => this;

    /// <summary>The value at a depth from 0 to 1.</summary>
    internal abstract ScalarValue AtDepth(double t);
}

/// <summary>A single number, flag or text: what a parameter comes to for one tensor.</summary>
public abstract record ScalarValue : UnconditionalValue
{
    private protected ScalarValue(SourceLocation place)
        : base(place)
    {
    }

    internal override ScalarValue AtDepth(double t) => this;
}
