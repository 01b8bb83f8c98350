using System.Text.Json.Nodes;

namespace DemEngine.Cli.Answers;

/// <summary>An error as scripts see it in the JSON of a command.</summary>
/// <param name="Code">Code such as <c>DEM3001</c>, or <c>interrupted</c>.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do about it.</param>
internal sealed record RequestError(string Code, string Message, string? Remedy)
{
    /// <summary>The error itself, which may know where it is; null where it is no error of the engine.</summary>
    public DemException? Cause { get; init; }

    public JsonObject ToJson() => new()
    {
        ["code"] = Code,
        ["message"] = Message,
        ["remedy"] = Remedy,
        ["path"] = Cause?.Path,
        ["tensor"] = Cause?.Tensor,
        ["line"] = Cause?.Line,
        ["key"] = Cause?.Key,
    };
}
