using System.Text.Json.Nodes;

namespace DemEngine.Files;

/// <summary>Compares JSON values, whatever numbers a file holds.</summary>
internal static class JsonEquality
{
    /// <summary>Whether two values are equal.</summary>
    public static bool AreEqual(JsonNode? first, JsonNode? second)
    {
        try
        {
            return JsonNode.DeepEquals(first, second);
        }
        catch (ArgumentOutOfRangeException)
        {
            // A number such as 1e99999999999 is valid JSON that System.Text.Json cannot compare.
            return first?.ToJsonString() == second?.ToJsonString();
        }
    }
}
