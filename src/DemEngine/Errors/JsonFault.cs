using System.Text.Json;

namespace DemEngine.Errors;

/// <summary>
/// Why JSON could not be read, fit for a message. The parser's own text may hold everything from the fault to the end of the file.
/// </summary>
internal static class JsonFault
{
    /// <summary>Says what and where.</summary>
    /// <param name="fault">A <see cref="JsonException"/>, or the <see cref="InvalidOperationException"/> for a string that is not UTF-8.</param>
    public static string Describe(Exception fault) => fault is JsonException json
        ? $"line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}: {Quoted.Name(json.Message)}"
        : fault.Message;
}
