namespace DemEngine.Cli.Options;

/// <summary>Values of options that may belong to one thing by its name: <c>value</c> for all, <c>name=value</c> for one.</summary>
internal static class NamedValues
{
    /// <summary>Reads them; the value for all is under the empty name.</summary>
    /// <param name="option">For the message.</param>
    /// <param name="texts">As they were given.</param>
    /// <param name="read">From a text to a value.</param>
    /// <exception cref="DemException">DEM1001: a name occurs twice, or a value is none.</exception>
    public static Dictionary<string, T> Read<T>(string option, IEnumerable<string>? texts, Func<string, T> read)
    {
        var values = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (string text in texts ?? [])
        {
            // The value comes after the last sign: names are ends of paths, which may hold one.
            int sign = text.LastIndexOf('=');
            string name = sign < 0 ? "" : text[..sign];
            if (!values.TryAdd(name, read(text[(sign + 1)..])))
                throw new DemException(ErrorCode.BadArgument, name.Length == 0 ? $"{option} is given twice" : $"{option} is given twice for '{name}'");
        }

        return values;
    }
}
