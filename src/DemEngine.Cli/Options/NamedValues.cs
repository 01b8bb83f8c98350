namespace DemEngine.Cli.Options;

/// <summary>
/// Reads values of options that may belong to one item by its name: <c>value</c> for all, <c>name=value</c> for one.
/// </summary>
internal static class NamedValues
{
    /// <summary>Reads the values into a dictionary by name. The value for all is under the empty name.</summary>
    /// <param name="option">Name of the option, for error messages.</param>
    /// <param name="texts">The option's values in the form given on the command line.</param>
    /// <param name="read">Function that parses the text of a value.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): a name occurs twice, or a text is not a valid value.
    /// </exception>
    public static Dictionary<string, T> Read<T>(string option, IEnumerable<string>? texts, Func<string, T> read)
    {
        var values = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (string text in texts ?? [])
        {
            // The value comes after the last sign: names are ends of paths, which may hold one.
            int sign = text.LastIndexOf('=');
            string name = sign < 0 ? "" : text[..sign];
            if (!values.TryAdd(name, read(text[(sign + 1)..])))
                throw new DemException(
                    ErrorCode.BadArgument,
                    name.Length == 0 ? $"{option} is given twice" : $"{option} is given twice for '{name}'");
        }

        return values;
    }
}
