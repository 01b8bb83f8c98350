using DemEngine.Errors;
using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>A parameter as the recipe gives it.</summary>
/// <param name="Name">Key of the parameter.</param>
/// <param name="Value">Value of the parameter, with its location in the recipe.</param>
public sealed record Parameter(string Name, ParameterValue Value);

/// <summary>
/// The parameters given at one point of a recipe, for all models or for one. Two scopes with the same parameters in the same
/// order are equal.
/// </summary>
public sealed record ParameterScope
{
    /// <summary>Creates a scope.</summary>
    /// <param name="parameters">Parameters of the scope; each name occurs once.</param>
    /// <param name="place">
    /// Location of the scope, or of its key if it were given; <see cref="SourceLocation.None"/> when null.
    /// </param>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public ParameterScope(ValueList<Parameter> parameters, SourceLocation? place = null)
    {
        if (parameters.DistinctBy(parameter => parameter.Name).Count() != parameters.Count)
            throw new ArgumentException("Each parameter is given once.", nameof(parameters));
        Parameters = parameters;
        Place = place ?? SourceLocation.None;
    }

    /// <summary>An empty scope.</summary>
    public static ParameterScope Empty { get; } = new([]);

    /// <summary>The parameters, in the order written.</summary>
    public ValueList<Parameter> Parameters { get; }

    /// <summary>Location of the scope in the recipe.</summary>
    public SourceLocation Place { get; }

    /// <summary>Returns the scope with a parameter added, or replaced if there is one of the same name.</summary>
    public ParameterScope With(Parameter parameter) => Find(parameter.Name) is null
        ? new ParameterScope([.. Parameters, parameter], Place)
        : new ParameterScope([.. Parameters.Select(one => one.Name == parameter.Name ? parameter : one)], Place);

    /// <summary>Finds the value of a parameter.</summary>
    /// <param name="name">Key of the parameter.</param>
    /// <returns>The value, or null if the scope does not give one.</returns>
    public ParameterValue? Find(string name) => Parameters.FirstOrDefault(parameter => parameter.Name == name)?.Value;

    /// <summary>Refuses the first parameter that the method does not know.</summary>
    /// <param name="known">Names of the parameters that the method knows.</param>
    /// <param name="methodName">Name of the method, for the message.</param>
    /// <exception cref="DemException">
    /// DEM3003 (UnknownKey): the message gives the line, the known names and the nearest of them.
    /// </exception>
    public void RefuseUnknown(IReadOnlyCollection<string> known, string methodName) => RefuseUnknown(known, methodName, []);

    /// <summary>Refuses the first parameter that the method does not know.</summary>
    /// <param name="known">Names of the parameters that the method knows.</param>
    /// <param name="methodName">Name of the method, for the message.</param>
    /// <param name="elsewhere">Further names that may have been meant, if none of the method's is near.</param>
    internal void RefuseUnknown(IReadOnlyCollection<string> known, string methodName, IEnumerable<string> elsewhere)
    {
        Parameter? unknown = Parameters.FirstOrDefault(parameter => !known.Contains(parameter.Name));
        if (unknown is null) return;
        string further = Misspelling.DidYouMean(unknown.Name, elsewhere);
        string takes = known.Count == 0 ? "takes no parameters here" : $"takes {Shown.List(known)}";
        throw unknown.Value.Place.Error(ErrorCode.UnknownKey,
            $"the method {methodName} has no parameter {Shown.Quote(unknown.Name)}"
            + $"{(Misspelling.DidYouMean(unknown.Name, known) is { Length: > 0 } near ? near : further)}; it {takes}");
    }

    /// <summary>
    /// Checks that a parameter, if given, has the right type for every possible tensor, that is, in each of its conditions.
    /// </summary>
    /// <param name="name">Key of the parameter.</param>
    /// <param name="type">Required type of the value.</param>
    /// <exception cref="DemException">DEM3004 (WrongValue): the value has another type.</exception>
    public void Require(string name, ParameterType type)
    {
        foreach (UnconditionalValue value in Find(name)?.Leaves ?? []) Require(value, type);
    }

    /// <summary>Checks that a value has the required type; throws DEM3004 (WrongValue) if not.</summary>
    internal static void Require(UnconditionalValue value, ParameterType type)
    {
        if (!type.Accepts(value))
            throw value.Place.Error(ErrorCode.WrongValue, $"expected {type.Expected()}, found {value.Found}");
    }
}
