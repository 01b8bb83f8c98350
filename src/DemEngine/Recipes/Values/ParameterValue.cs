using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>
/// The value that a recipe gives for a parameter: one of <see cref="NumberValue"/>, <see cref="FlagValue"/>,
/// <see cref="TextValue"/>, <see cref="GradientValue"/> and <see cref="ConditionalValue"/>. The forms are those of mergekit's
/// recipes.
/// </summary>
public abstract record ParameterValue
{
    private protected ParameterValue(SourceLocation place) => Place = place;

    /// <summary>Location of the value in the recipe.</summary>
    public SourceLocation Place { get; init; }

    /// <summary>Evaluates the parameter for one tensor.</summary>
    /// <param name="tensorName">Full name of the tensor, in which filters are searched.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <returns>The value, or null if it has conditions and none of them matches.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
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

    /// <summary>
    /// Returns the value for one tensor: itself, or the value of the first matching condition; null if none matches.
    /// </summary>
    internal abstract UnconditionalValue? Select(string tensorName);

    /// <summary>Description of the value for "found ...".</summary>
    internal abstract string Found { get; }

    /// <summary>All unconditional values in it.</summary>
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

    /// <summary>Returns the value at a depth from 0 to 1.</summary>
    internal abstract ScalarValue AtDepth(double t);
}

/// <summary>A single number, flag or text, which is what a parameter evaluates to for one tensor.</summary>
public abstract record ScalarValue : UnconditionalValue
{
    private protected ScalarValue(SourceLocation place)
        : base(place)
    {
    }

    internal override ScalarValue AtDepth(double t) => this;
}
