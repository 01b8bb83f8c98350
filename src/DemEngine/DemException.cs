using DemEngine.Errors;

namespace DemEngine;

/// <summary>
/// Error that the user can act on. Its message names the file, tensor or line at fault, and says what is wrong with it.
/// </summary>
public sealed class DemException : Exception
{
    // Longer than any list of names and paths, and short enough to be read on a screen: files can have texts of any length.
    private const int LongestMessage = 10_000;

    /// <summary>Creates an error with the given code.</summary>
    /// <param name="code">Documented error code.</param>
    /// <param name="message">
    /// Text that says what is wrong and where, in one or a few sentences, without the code and the remedy. What a terminal would
    /// obey and not show, in names from files and in paths, is escaped, and what is longer than a few screens is cut off.
    /// </param>
    /// <param name="inner">Exception that caused this error, if any.</param>
    /// <param name="remedy">
    /// Advice for this case, where it is more exact than the remedy of the code; null for the latter.
    /// </param>
    public DemException(ErrorCode code, string message, Exception? inner = null, string? remedy = null)
        : base(Quoted.Plain(message, LongestMessage), inner)
    {
        Code = code;
        Remedy = remedy ?? code.Remedy;
    }

    /// <summary>Documented error code.</summary>
    public ErrorCode Code { get; }

    /// <summary>Advice on what the user can do about the error, in whole sentences.</summary>
    public string Remedy { get; }

    /// <summary>
    /// Path of the file or folder at fault, or name of the recipe; null where the error is about none, or is not known.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>Name of the tensor at fault; null where the error is about none, or about several.</summary>
    public string? Tensor { get; init; }

    /// <summary>Line of <see cref="Path"/>, counted from 1; null where it is not known.</summary>
    public int? Line { get; init; }

    /// <summary>Key of the recipe at fault, such as <c>models[1].parameters.weight</c>; null where it is not known.</summary>
    public string? Key { get; init; }
}
