using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Tests.Files;

public sealed class JsonEqualityTests
{
    [TestCase("[1, 2.0]", "[1.0, 2]", true)]
    [TestCase("[1, 2]", "[1, 3]", false)]
    [TestCase("[1e99999999999]", "[1e99999999999]", true)]
    [TestCase("[1e99999999999]", "[2e99999999999]", false)]
    [TestCase("[1e99999999999]", "[1]", false)]
    [TestCase("{\"a\": 1e99999999999}", "{\"a\": 1}", false)]
    public void Any_number_can_be_compared(string first, string second, bool isSame)
    {
        Assert.That(JsonEquality.AreEqual(JsonNode.Parse(first), JsonNode.Parse(second)), Is.EqualTo(isSame));
        Assert.That(JsonEquality.AreEqual(null, JsonNode.Parse(second)), Is.False);
    }
}
