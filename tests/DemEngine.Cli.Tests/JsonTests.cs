using System.Text.Json;

namespace DemEngine.Cli.Tests;

/// <summary><c>--json</c>: one object whatever happens.</summary>
public sealed class JsonTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily("tiny", sources: 2);
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("merged")).Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void Every_result_has_the_schema_first()
    {
        string[][] commands =
        [
            ["merge", _family.Recipe, "--out", _family.PathOf("other"), "--dry-run"],
            ["inspect", _family.PathOf("base")],
            ["verify", _family.PathOf("merged")],
            ["diff", _family.PathOf("base"), _family.PathOf("merged")],
            ["distance", "--base", _family.PathOf("base"), _family.PathOf("tuned 1")],
            ["devices"],
            ["--version"],
            ["help", "topics"],
            ["merge", "--help"],
        ];
        foreach (string[] command in commands)
        {
            CommandResult result = Dem.Run([.. command, "--json"]).Expect(0);
            Assert.That(result.Output, Does.StartWith("{\"schema\":1,").And.EndsWith("}\n"), string.Join(' ', command));
            Assert.That(result.Json.TryGetProperty("error", out _), Is.False);
        }
    }

    [Test]
    public void What_people_read_is_not_escaped() =>
        Assert.That(
            Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("other"), "--dry-run", "--json").Output,
            Does.Contain(" + ").And.Contain("·").And.Not.Contain("\\u00"));

    [Test]
    public void An_error_says_where_it_is()
    {
        string recipe = _family.Write("wrong.yaml", "merge_method: dem\nbase_model: base\nmodels:\n  - model: tuned 1\n    parameters: {weight: heavy}\n");
        JsonElement error = Dem.Run("merge", recipe, "--out", _family.PathOf("none"), "--json").Expect(2).Json.GetProperty("error");
        Assert.That(error.GetProperty("code").GetString(), Is.EqualTo("DEM3004"));
        Assert.That(error.GetProperty("path").GetString(), Is.EqualTo(recipe));
        Assert.That(error.GetProperty("line").GetInt32(), Is.EqualTo(5));
        Assert.That(error.GetProperty("key").GetString(), Is.EqualTo("models[0].parameters.weight"));
        Assert.That(error.GetProperty("remedy").GetString(), Is.Not.Empty);
        Assert.That(error.GetProperty("tensor").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void An_error_in_a_checkpoint_names_file_and_tensor()
    {
        string header = "{\"some.weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}";
        string file = _family.PathOf("short.safetensors");
        File.WriteAllBytes(file, [.. BitConverter.GetBytes((long)header.Length), .. System.Text.Encoding.UTF8.GetBytes(header), 0, 0, 0, 0]);
        JsonElement error = Dem.Run("inspect", file, "--json").Expect(2).Json.GetProperty("error");
        Assert.That(error.GetProperty("code").GetString(), Is.EqualTo("DEM2009"));
        Assert.That(error.GetProperty("path").GetString(), Is.EqualTo(file));
        Assert.That(error.GetProperty("tensor").GetString(), Is.EqualTo("some.weight"));
    }

    [TestCase("merge nope.yaml --out x", "DEM3001")]
    [TestCase("merge --ouy x", "DEM1001")]
    [TestCase("mrege", "DEM1001")]
    public void A_request_that_cannot_be_done_is_an_object_too(string request, string code)
    {
        CommandResult result = Dem.Run([.. request.Split(' '), "--json"]).Expect(2);
        Assert.That(result.Json.GetProperty("schema").GetInt32(), Is.EqualTo(1));
        Assert.That(result.Json.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo(code));
        Assert.That(result.ErrorLines[0], Does.StartWith($"error {code}: "), "people read it as before");
    }

    [Test]
    public void An_error_after_a_result_is_a_part_of_it()
    {
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("damaged")).Expect(0);
        string shard = Path.Combine(_family.PathOf("damaged"), "model.safetensors");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[^1] ^= 1;
        File.WriteAllBytes(shard, bytes);
        JsonElement result = Dem.Run("verify", _family.PathOf("damaged"), "--json").Expect(1).Json;
        Assert.That(result.GetProperty("intact").GetBoolean(), Is.False);
        Assert.That(result.GetProperty("error").GetProperty("code").GetString(), Is.EqualTo("DEM4006"));
    }

    [Test]
    public void A_part_that_was_verified_says_which_one_it_is()
    {
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("in parts")).Expect(0);
        JsonElement part = Dem.Run("verify", _family.PathOf("in parts"), "--parts", "3", "--part", "1", "--json").Expect(0).Json;
        Assert.That(part.GetProperty("part").GetInt32(), Is.EqualTo(1));
        Assert.That(part.GetProperty("parts").GetInt32(), Is.EqualTo(3));
        JsonElement whole = Dem.Run("verify", _family.PathOf("in parts"), "--json").Expect(0).Json;
        Assert.That(whole.GetProperty("part").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(whole.GetProperty("parts").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    [Platform(Include = "Linux")]
    public void Nothing_goes_to_a_terminal_before_it()
    {
        CommandResult result = Shell.InTerminal(120, "merge", "nope.yaml", "--out", "x", "--json");
        Assert.That(result.Output, Does.Not.Contain('\u001b').And.Contain("{\"schema\":1,\"error\""));
    }

    [Test]
    public void Quiet_is_quiet_everywhere()
    {
        string[][] commands = [["inspect", _family.PathOf("base")], ["devices"], ["verify", _family.PathOf("merged")], ["--version"]];
        foreach (string[] command in commands)
            Assert.That(Dem.Run([.. command, "-q"]).Expect(0).Output, Is.Empty);
    }
}
