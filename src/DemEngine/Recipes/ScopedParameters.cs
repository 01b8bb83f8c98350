using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;

namespace DemEngine.Recipes;

/// <summary>
/// Looks parameters up from the innermost scope outwards: the model's own values, then the recipe's values for all models, then
/// the method's default. A value whose conditions all fail to match a tensor counts as not given for it. The order is mergekit's.
/// </summary>
public sealed class ScopedParameters
{
    private readonly ParameterScope[] _scopes;

    /// <summary>Creates a look-up.</summary>
    /// <param name="scopes">Scopes to search, innermost first; at least one.</param>
    /// <exception cref="ArgumentException">No scope was given.</exception>
    public ScopedParameters(params ReadOnlySpan<ParameterScope> scopes)
    {
        if (scopes.IsEmpty) throw new ArgumentException("There is at least one scope.", nameof(scopes));
        _scopes = scopes.ToArray();
        HasGradients = _scopes.SelectMany(scope => scope.Parameters).SelectMany(parameter => parameter.Value.Leaves)
            .Any(value => value is GradientValue);
    }

    /// <summary>Finds the value of a parameter for one tensor, whatever its type.</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <returns>The value, or null if no scope gives one for this tensor.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
    public ScalarValue? Find(string key, string tensorName, double t)
    {
        ParameterValue.CheckDepth(t);
        return Select(key, tensorName)?.AtDepth(t);
    }

    /// <summary>Looks up a number.</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <param name="defaultValue">Value to use if the recipe gives none; null if the recipe must give one.</param>
    /// <returns>The number; finite if it comes from the recipe.</returns>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue): the value has another type. DEM3005 (MissingKey): there is neither a value nor a default.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
    public double Number(string key, string tensorName, double t, double? defaultValue) =>
        Find(key, tensorName, t, ParameterType.Number) is NumberValue value
            ? value.Number
            : defaultValue ?? throw Missing(key, tensorName);

    /// <summary>Looks up a whole number within ±(2⁵³ − 1).</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <param name="defaultValue">Value to use if the recipe gives none; null if the recipe must give one.</param>
    /// <returns>The whole number.</returns>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue): the value has another type. DEM3005 (MissingKey): there is neither a value nor a default.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
    public long Integer(string key, string tensorName, double t, long? defaultValue) =>
        Find(key, tensorName, t, ParameterType.Integer) is NumberValue value
            ? (long)value.Number
            : defaultValue ?? throw Missing(key, tensorName);

    /// <summary>Looks up a flag: true or false.</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <param name="defaultValue">Value to use if the recipe gives none; null if the recipe must give one.</param>
    /// <returns>The flag.</returns>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue): the value has another type. DEM3005 (MissingKey): there is neither a value nor a default.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
    public bool Flag(string key, string tensorName, double t, bool? defaultValue) =>
        Find(key, tensorName, t, ParameterType.Flag) is { } value
            ? FlagWord.Read(value)!.Value
            : defaultValue ?? throw Missing(key, tensorName);

    /// <summary>Looks up a text.</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <param name="defaultValue">Value to use if the recipe gives none; null if the recipe must give one.</param>
    /// <returns>The text.</returns>
    /// <exception cref="DemException">
    /// DEM3004 (WrongValue): the value has another type. DEM3005 (MissingKey): there is neither a value nor a default.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
    public string Text(string key, string tensorName, double t, string? defaultValue) =>
        Find(key, tensorName, t, ParameterType.Text) is TextValue value
            ? value.Text
            : defaultValue ?? throw Missing(key, tensorName);

    /// <summary>Looks up one of a few words; true and false count as words.</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <param name="choices">Allowed words; the first is the default if the recipe gives none.</param>
    /// <returns>The word.</returns>
    /// <exception cref="DemException">DEM3004 (WrongValue): the value is none of the words.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is outside [0, 1].</exception>
    public string Choice(string key, string tensorName, double t, params ReadOnlySpan<string> choices)
    {
        ScalarValue? value = Find(key, tensorName, t, ParameterType.FlagOrText);
        string? word = value switch
        {
            null => choices[0],
            TextValue text when choices.Contains(text.Text) => text.Text,
            _ => FlagWord.Read(value) is { } flag ? flag ? "true" : "false" : null,
        };
        return word is not null && choices.Contains(word)
            ? word
            : throw WrongValue(
                key,
                tensorName,
                t,
                $"expected {string.Join(", ", choices[..^1])} or {choices[^1]}, found {value!.Found}");
    }

    /// <summary>Creates the error for a parameter whose value cannot be used.</summary>
    /// <param name="key">Name of the parameter.</param>
    /// <param name="tensorName">Full name of the tensor.</param>
    /// <param name="t">Depth of the tensor: layer index / (layer count − 1), from 0 to 1.</param>
    /// <param name="message">Description of what is wrong with the value.</param>
    public DemException WrongValue(string key, string tensorName, double t, string message) =>
        (Find(key, tensorName, t)?.Place ?? _scopes[0].Place).Error(ErrorCode.WrongValue, message);

    /// <summary>Returns the gradients, of numbers that differ, which are in effect for a tensor.</summary>
    /// <param name="tensorName">Full name of the tensor.</param>
    internal IEnumerable<GradientValue> GradientsAt(string tensorName) =>
        _scopes.SelectMany(scope => scope.Parameters).Select(parameter => parameter.Name).Distinct(StringComparer.Ordinal)
            .Select(key => Select(key, tensorName)).OfType<GradientValue>()
            .Where(gradient => gradient.Points.Distinct().Skip(1).Any());

    /// <summary>Whether <see cref="GradientsAt"/> may give any for some tensor.</summary>
    internal bool HasGradients { get; }

    private UnconditionalValue? Select(string key, string tensorName)
    {
        foreach (ParameterScope scope in _scopes)
        {
            if (scope.Find(key)?.Select(tensorName) is { } value) return value;
        }

        return null;
    }

    // The type is checked before the gradient is evaluated, or its value at this depth might be a whole number by chance.
    private ScalarValue? Find(string key, string tensorName, double t, ParameterType type)
    {
        ParameterValue.CheckDepth(t);
        UnconditionalValue? value = Select(key, tensorName);
        if (value is null) return null;
        ParameterScope.Require(value, type);
        return value.AtDepth(t);
    }

    private DemException Missing(string key, string tensorName)
    {
        ParameterValue? given = _scopes.Select(scope => scope.Find(key)).FirstOrDefault(value => value is not null);
        return given is null
            ? _scopes[0].Place.At(key, _scopes[0].Place.Line).Error(ErrorCode.MissingKey,
                "the method needs this parameter, and the recipe does not give it")
            : given.Place.Error(ErrorCode.MissingKey,
                $"no condition matches the tensor {Shown.Quote(tensorName)}; add one without a filter for the rest");
    }
}
