using DemEngine.Errors;
using DemEngine.Recipes.Text;

namespace DemEngine.Recipes.Values;

/// <summary>A parameter as the recipe gives it.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Value">Its value; the value's place is where it stands.</param>
public sealed record Parameter(string Name, ParameterValue Value);

/// <summary>
/// The parameters given in one place of a recipe: for all models, or for one. Equal to another with the same, in order.
/// </summary>
public sealed record ParameterScope
{
    /// <summary>Makes a scope.</summary>
    /// <param name="parameters">Its parameters; each name once.</param>
    /// <param name="place">Where it stands, or would if it held anything; <see cref="SourceLocation.None"/> when null.</param>
    /// <exception cref="ArgumentException">A name occurs twice.</exception>
    public ParameterScope(ValueList<Parameter> parameters, SourceLocation? place = null)
    {
        if (parameters.DistinctBy(parameter => parameter.Name).Count() != parameters.Count)
            throw new ArgumentException("Each parameter is given once.", nameof(parameters));
        Parameters = parameters;
        Place = place ?? SourceLocation.None;
    }

    /// <summary>A scope with nothing in it.</summary>
    public static ParameterScope Empty { get; } = new([]);

    /// <summary>The parameters, in the order written.</summary>
    public ValueList<Parameter> Parameters { get; }

    /// <summary>Where the scope stands.</summary>
    public SourceLocation Place { get; }

    /// <summary>The scope with a parameter added, or in the place of the one of that name.</summary>
    public ParameterScope With(Parameter parameter) => Find(parameter.Name) is null
        ? new ParameterScope([.. Parameters, parameter], Place)
        : new ParameterScope([.. Parameters.Select(one => one.Name == parameter.Name ? parameter : one)], Place);

    /// <summary>The value given for a parameter.</summary>
    /// <param name="name">Its key.</param>
    /// <returns>The value, or null if the scope does not give it.</returns>
    public ParameterValue? Find(string name) => Parameters.FirstOrDefault(parameter => parameter.Name == name)?.Value;

    /// <summary>Refuses the first parameter that the method does not know.</summary>
    /// <param name="known">The names that it knows.</param>
    /// <param name="methodName">The method, for the message.</param>
    /// <exception cref="DemException">UnknownKey, with the line, what is known, and the nearest of it.</exception>
    public void RefuseUnknown(IReadOnlyCollection<string> known, string methodName)
    {
        Parameter? unknown = Parameters.FirstOrDefault(parameter => !known.Contains(parameter.Name));
        if (unknown is null) return;
        string takes = known.Count == 0 ? "takes no parameters here" : $"takes {Shown.List(known)}";
        throw unknown.Value.Place.Error(ErrorCode.UnknownKey,
            $"the method {methodName} has no parameter {Shown.Quote(unknown.Name)}"
            + $"{Misspelling.DidYouMean(unknown.Name, known)}; it {takes}");
    }

    /// <summary>
    /// Checks that a parameter, if it is given, has the right type for every tensor there may be: in each of its conditions.
    /// </summary>
    /// <param name="name">Its key.</param>
    /// <param name="type">The type it must have.</param>
    /// <exception cref="DemException">WrongValue.</exception>
    public void Require(string name, ParameterType type)
    {
        foreach (UnconditionalValue value in Find(name)?.Leaves ?? []) Require(value, type);
    }

    /// <summary>Throws WrongValue unless the value has the type.</summary>
    internal static void Require(UnconditionalValue value, ParameterType type)
    {
        if (!type.Accepts(value))
            throw value.Place.Error(ErrorCode.WrongValue, $"expected {type.Expected()}, found {value.Found}");
    }
}
