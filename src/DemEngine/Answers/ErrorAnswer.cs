using System.Text.Json.Nodes;
using DemEngine.Stores;

namespace DemEngine.Answers;

/// <summary>An error as programs see it.</summary>
/// <param name="Code">Code such as <c>DEM3001</c>, or <see cref="Interrupted"/>.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do about it; null for nothing.</param>
internal sealed record ErrorAnswer(string Code, string Message, string? Remedy)
{
    /// <summary>The code of what was stopped by its user.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>The error itself, which may know where it is; null where it is no error of the engine.</summary>
    public DemException? Cause { get; init; }

    public JsonObject ToJson() => new()
    {
        ["code"] = Code,
        ["message"] = Message,
        ["remedy"] = Remedy,
        ["path"] = Cause?.Path is { } path ? StoreCopies.WithAddresses(path) : null,
        ["tensor"] = Cause?.Tensor,
        ["line"] = Cause?.Line,
        ["key"] = Cause?.Key,
    };
}
