namespace DemEngine;

/// <summary>
/// Error that the user can act on. Its message names the file, tensor or line at fault, and says what is wrong with it.
/// </summary>
public sealed class DemException : Exception
{
    /// <summary>Creates an error with the given code.</summary>
    /// <param name="code">Documented error code.</param>
    /// <param name="message">
    /// Text that says what is wrong and where, in one or a few sentences, without the code and the remedy.
    /// </param>
    /// <param name="inner">Exception that caused this error, if any.</param>
    /// <param name="remedy">
    /// Advice for this case, where it is more exact than the remedy of the code; null for the latter.
    /// </param>
    public DemException(ErrorCode code, string message, Exception? inner = null, string? remedy = null)
        : base(message, inner)
    {
        Code = code;
        Remedy = remedy ?? code.Remedy;
    }

    /// <summary>Documented error code.</summary>
    public ErrorCode Code { get; }

    /// <summary>Advice on what the user can do about the error, in whole sentences.</summary>
    public string Remedy { get; }
}
