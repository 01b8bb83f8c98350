using System.Text.Json;

namespace DemEngine.Errors;

/// <summary>
/// Describes why JSON could not be read, in a form fit for a message. The parser's own text may hold everything from the fault to
/// the end of the file.
/// </summary>
internal static class JsonFault
{
    // What the parser says to programmers, and where in its own way of counting.
    private static readonly string[] Asides = [" Change the reader options.", " Path: $", " LineNumber: "];

    /// <summary>Describes a fault and where it lies.</summary>
    /// <param name="fault">
    /// Exception: <see cref="JsonException"/>, or <see cref="InvalidOperationException"/> for a string that is not UTF-8.
    /// </param>
    public static string Describe(Exception fault) => fault is JsonException { LineNumber: not null } json
        ? $"line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}: {Quoted.Name(WithoutAsides(json.Message))}"
        : fault is InvalidOperationException ? "a text in it is not valid Unicode" : FileFault.Describe(fault);

    private static string WithoutAsides(string message)
    {
        foreach (string aside in Asides)
        {
            int start = message.IndexOf(aside, StringComparison.Ordinal);
            if (start > 0)
                message = message[..start];
        }

        return message;
    }
}
