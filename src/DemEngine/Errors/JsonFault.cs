using System.Text.Json;

namespace DemEngine.Errors;

/// <summary>
/// Describes why JSON could not be read, in a form fit for a message. The parser's own text may hold everything from the fault to
/// the end of the file.
/// </summary>
internal static class JsonFault
{
    private static readonly string[] Places = [" Path: $", " LineNumber: "];

    /// <summary>Describes a fault and where it lies.</summary>
    /// <param name="fault">
    /// Exception: <see cref="JsonException"/>, or <see cref="InvalidOperationException"/> for a string that is not UTF-8.
    /// </param>
    public static string Describe(Exception fault) => fault is JsonException { LineNumber: not null } json
        ? $"line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}: {Quoted.Name(WithoutPlace(json.Message))}"
        : fault.Message;

    // The parser counts from 0, and the place is given above as editors count.
    private static string WithoutPlace(string message) =>
        Places.Select(place => message.IndexOf(place, StringComparison.Ordinal)).FirstOrDefault(start => start > 0) is > 0 and var end
            ? message[..end]
            : message;
}
