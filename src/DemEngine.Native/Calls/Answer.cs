using System.Text.Json.Nodes;

namespace DemEngine.Native.Calls;

/// <summary>What a call answers, apart from its status; it may be there although the call fails.</summary>
internal sealed class Answer
{
    /// <summary>Members of the JSON; null where there is none.</summary>
    public JsonObject? Members { get; set; }
}
