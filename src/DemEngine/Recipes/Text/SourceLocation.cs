namespace DemEngine.Recipes.Text;

/// <summary>
/// Where in a recipe a value stands. Two places always equal each other: where a thing was written is no part of what it
/// says, so recipes that say the same are equal whatever their layout.
/// </summary>
public sealed class SourceLocation : IEquatable<SourceLocation>
{
    /// <summary>Names a place.</summary>
    /// <param name="file">The recipe's name as messages show it.</param>
    /// <param name="line">The line, from 1; 0 for a value that was not read from a text.</param>
    /// <param name="key">The key path, such as <c>models[1].parameters.weight</c>; empty for the recipe itself.</param>
    public SourceLocation(string file, int line, string key)
    {
        File = file;
        Line = line;
        Key = key;
    }

    /// <summary>The place of values that a program made rather than read.</summary>
    public static SourceLocation None { get; } = new("recipe", 0, "");

    /// <summary>The recipe's name as messages show it.</summary>
    public string File { get; }

    /// <summary>The line, from 1; 0 for a value that was not read from a text.</summary>
    public int Line { get; }

    /// <summary>The key path, such as <c>models[1].parameters.weight</c>; empty for the recipe itself.</summary>
    public string Key { get; }

    /// <summary>
    /// Makes the error for something wrong here: <c>recipe.yaml:12: models[1].parameters.weight: </c> and the message.
    /// </summary>
    /// <param name="code">Which error it is.</param>
    /// <param name="message">What is wrong, without the place.</param>
    /// <returns>The error, to be thrown.</returns>
    public DemException Error(ErrorCode code, string message) => new(code, $"{this}: {message}");

    /// <summary>Any two places are equal.</summary>
    /// <param name="other">The other place.</param>
    /// <returns>True unless <paramref name="other"/> is null.</returns>
    public bool Equals(SourceLocation? other) => other is not null;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SourceLocation;

    /// <inheritdoc/>
    public override int GetHashCode() => 0;

    /// <summary>File, line and key path, as messages begin.</summary>
    /// <returns><c>recipe.yaml:12: models[1].parameters.weight</c>, less what is not known.</returns>
    public override string ToString() => (Line > 0 ? $"{File}:{Line}" : File) + (Key.Length > 0 ? $": {Key}" : "");

    /// <summary>The place of a key of the mapping that stands here.</summary>
    internal SourceLocation At(string key, int line)
    {
        string shown = key.Length > 0 && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? key : Shown.Quote(key);
        return new SourceLocation(File, line, Key.Length == 0 ? shown : $"{Key}.{shown}");
    }

    /// <summary>The place of an item of the list that stands here.</summary>
    internal SourceLocation At(int index, int line) => new(File, line, $"{Key}[{index}]");
}
