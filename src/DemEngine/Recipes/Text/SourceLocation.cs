namespace DemEngine.Recipes.Text;

/// <summary>
/// The location of a value in a recipe. Any two locations are equal, so that recipes that say the same are equal whatever their
/// layout.
/// </summary>
public sealed class SourceLocation : IEquatable<SourceLocation>
{
    /// <summary>Creates a location.</summary>
    /// <param name="file">Name of the recipe in messages.</param>
    /// <param name="line">Line, counted from 1; 0 for a value that was not read from a text.</param>
    /// <param name="key">Key path, such as <c>models[1].parameters.weight</c>; empty for the recipe itself.</param>
    public SourceLocation(string file, int line, string key)
    {
        File = file;
        Line = line;
        Key = key;
    }

    /// <summary>The location of values that a program made rather than read.</summary>
    public static SourceLocation None { get; } = new("recipe", 0, "");

    /// <summary>Name of the recipe in messages.</summary>
    public string File { get; }

    /// <summary>Line, counted from 1; 0 for a value that was not read from a text.</summary>
    public int Line { get; }

    /// <summary>Key path, such as <c>models[1].parameters.weight</c>; empty for the recipe itself.</summary>
    public string Key { get; }

    /// <summary>
    /// Creates an error about this location; its text is <c>recipe.yaml:12: models[1].parameters.weight: </c> followed by the
    /// message.
    /// </summary>
    /// <param name="code">Error code.</param>
    /// <param name="message">Description of what is wrong, without the location.</param>
    /// <returns>The error, to be thrown.</returns>
    public DemException Error(ErrorCode code, string message) => Error(code, message, remedy: null);

    /// <summary>Creates an error about this location with advice for this case.</summary>
    internal DemException Error(ErrorCode code, string message, string? remedy) => new(code, $"{this}: {message}", remedy: remedy)
    {
        Path = File,
        Line = Line > 0 ? Line : null,
        Key = Key.Length > 0 ? Key : null,
    };

    /// <summary>Compares two locations; any two are equal.</summary>
    /// <param name="other">The other location.</param>
    /// <returns>True unless <paramref name="other"/> is null.</returns>
    public bool Equals(SourceLocation? other) => other is not null;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SourceLocation;

    /// <inheritdoc/>
    public override int GetHashCode() => 0;

    /// <summary>Returns the file, line and key path in the form that begins a message.</summary>
    /// <returns>
    /// A text such as <c>recipe.yaml:12: models[1].parameters.weight</c>, without the parts that are not known.
    /// </returns>
    public override string ToString() => (Line > 0 ? $"{File}:{Line}" : File) + (Key.Length > 0 ? $": {Key}" : "");

    /// <summary>Returns the location of a key of the mapping at this location.</summary>
    internal SourceLocation At(string key, int line)
    {
        string shown = key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? key : Shown.Quote(key);
        return new SourceLocation(File, line, Key.Length == 0 ? shown : $"{Key}.{shown}");
    }

    /// <summary>Returns the location of an item of the list at this location.</summary>
    internal SourceLocation At(int index, int line) => new(File, line, $"{Key}[{index}]");
}
