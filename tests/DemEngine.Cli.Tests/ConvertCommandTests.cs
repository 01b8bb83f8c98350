using System.Text.Json;

namespace DemEngine.Cli.Tests;

/// <summary>What <c>dem convert</c> writes and refuses.</summary>
public sealed class ConvertCommandTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily() => _family = new ModelFamily("tiny", sources: 1);

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void A_model_is_written_in_another_type_and_back_with_the_same_values()
    {
        Dem.Run("convert", _family.PathOf("base"), "--out", _family.PathOf("f32"), "--dtype", "f32").Expect(0);
        Dem.Run("convert", _family.PathOf("f32"), _family.PathOf("bf16"), "--dtype", "bf16").Expect(0);
        Dem.Run("diff", _family.PathOf("base"), _family.PathOf("bf16"), "--exit-code").Expect(0);
        Dem.Run("verify", _family.PathOf("bf16")).Expect(0);
    }

    [Test]
    public void A_quantised_model_is_inspected_by_its_real_values()
    {
        Dem.Run("convert", _family.PathOf("base"), "--out", _family.PathOf("fp8"), "--dtype", "fp8").Expect(0);
        string json = Dem.Run("inspect", _family.PathOf("fp8"), "--json").Expect(0).Output;
        JsonElement summary = JsonDocument.Parse(json).RootElement;
        Assert.That(summary.GetProperty("kind").GetString(), Is.EqualTo("quantised model"));
        Assert.That(summary.GetProperty("quantized")[0].GetProperty("form").GetString(), Does.StartWith("F8_E4M3"));
        Assert.That(Dem.Run("inspect", _family.PathOf("fp8"), "--stats").Expect(0).Output, Does.Contain("quantised "));
        Dem.Run("distance", "--base", _family.PathOf("base"), _family.PathOf("fp8")).Expect(0);
    }

    [Test]
    public void A_type_that_is_not_known_is_named()
    {
        CommandResult result = Dem.Run("convert", _family.PathOf("base"), "--out", _family.PathOf("x"), "--dtype", "fp7").Expect(2);
        Assert.That(result.Error, Does.Contain("fp7").And.Contain("fp8_block"));
    }
}
