namespace DemEngine;

/// <summary>An error that the user can act on. Its message names the file, the tensor or the line, and what is wrong with it.</summary>
public sealed class DemException : Exception
{
    /// <summary>Makes an error of the given code.</summary>
    /// <param name="code">Which of the documented ways to fail this is.</param>
    /// <param name="message">What is wrong and where, in one or a few sentences, without the code and the remedy.</param>
    /// <param name="inner">The exception that led here, if any.</param>
    /// <param name="remedy">What can be done about it here, where that is more exact than what the code says.</param>
    public DemException(ErrorCode code, string message, Exception? inner = null, string? remedy = null)
        : base(message, inner)
    {
        Code = code;
        Remedy = remedy ?? code.Remedy;
    }

    /// <summary>Which of the documented ways to fail this is.</summary>
    public ErrorCode Code { get; }

    /// <summary>What the user can do about it, in whole sentences.</summary>
    public string Remedy { get; }
}
