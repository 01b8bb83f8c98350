using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests;

namespace DemEngine.Cli.Tests;

/// <summary><c>dem check</c>, and the schema that <c>dem schema</c> prints.</summary>
public class CheckCommandTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeModels()
    {
        _folder = new TempFolder();
        Write("base", ("a", [4, 8]), ("b", [8]));
        Write("one", ("a", [4, 8]), ("b", [8]));
        Write("lacking", ("a", [4, 8]));
        Write("other", ("a", [4, 9]), ("b", [8]), ("c", [2]));
    }

    [TearDown]
    public void RemoveThem() => _folder.Dispose();

    [Test]
    public void What_can_be_merged_is_told_with_what_it_takes()
    {
        string recipe = Recipe("{model: one, parameters: {weight: 1}}");
        JsonNode found = Check(0, recipe, "--out", _folder.PathOf("out"));
        Assert.That(found["problems"]!.AsArray(), Is.Empty);
        Assert.That(found["error"], Is.Null);
        JsonNode result = found["results"]!.AsArray().Single()!;
        JsonNode plan = JsonNode.Parse(Dem.Run("merge", recipe, "--out", _folder.PathOf("out"), "--dry-run", "--json").Expect(0).Output)!;
        foreach (string member in new[] { "tensor_count", "bytes_to_read", "bytes_to_write", "buffer_bytes" })
            Assert.That(result[member]!.GetValue<long>(), Is.EqualTo(plan[member]!.GetValue<long>()), member);
        Assert.That(found["disk_needed_bytes"]!.GetValue<long>(), Is.EqualTo(plan["disk_needed_bytes"]!.GetValue<long>()));
        Assert.That(Directory.Exists(_folder.PathOf("out")), Is.False);
        Assert.That(Dem.Run("check", recipe).Expect(0).Output, Does.StartWith("2 tensors, "));
    }

    [Test]
    public void All_mistakes_of_a_recipe_are_told_at_once()
    {
        string recipe = _folder.Write("recipe.yaml", """
            merge_method: ties
            base_model: base
            models:
              - {model: one, parameters: {weigth: 1}}
              - {model: nowhere, parameters: {weight: half}}
              - {modle: one}
            parameters: {lamda: 2}
            dtype: bfloat61
            """);
        JsonNode found = Check(2, recipe);
        string[] codes = [.. found["problems"]!.AsArray().Select(problem => $"{problem!["code"]} {problem["line"]} {problem["key"]}")];
        Assert.That(codes, Is.EquivalentTo(new[]
        {
            "DEM3003 4 models[0].parameters.weigth",
            "DEM3004 5 models[1].parameters.weight",
            "DEM3003 6 models[2].modle",
            "DEM3003 7 parameters.lamda",
            "DEM3004 8 dtype",
            "DEM2001 5 models[1].model",
        }));
        Assert.That(found["error"]!["code"]!.GetValue<string>(), Is.EqualTo(found["problems"]![0]!["code"]!.GetValue<string>()));
        Assert.That(found["results"]!.AsArray(), Is.Empty);
        string[] errors = [.. Dem.Run("check", recipe).Expect(2).Error.Split('\n').Where(line => line.StartsWith("error DEM", StringComparison.Ordinal))];
        Assert.That(errors, Has.Length.EqualTo(6));
    }

    [Test]
    public void Models_that_cannot_be_opened_are_all_named()
    {
        File.WriteAllText(Path.Combine(_folder.PathOf("one"), Checkpoint.SingleFileName), "no safetensors");
        File.Delete(Path.Combine(_folder.PathOf("lacking"), Checkpoint.SingleFileName));
        JsonNode found = Check(2, Recipe("{model: one, parameters: {weight: 1}}", "{model: lacking, parameters: {weight: 1}}"));
        Assert.That(found["problems"]!.AsArray().Select(problem => (string)problem!["message"]!), Has.Some.Contains("one").And.Some.Contains("lacking"));
    }

    [Test]
    public void Tensors_that_are_missing_left_over_or_of_another_shape_are_told_together()
    {
        JsonNode found = Check(2, Recipe("{model: lacking, parameters: {weight: 1}}", "{model: other, parameters: {weight: 1}}"));
        string[] codes = [.. found["problems"]!.AsArray().Select(problem => (string)problem!["code"]!)];
        Assert.That(codes, Has.Length.GreaterThanOrEqualTo(2));
        Assert.That(codes, Has.Member("DEM2014").Or.Member("DEM2015"));
        Assert.That(codes, Is.Unique);
    }

    [Test]
    public void A_recipe_that_is_not_there_or_no_YAML_is_one_error()
    {
        Assert.That(Dem.Run("check", _folder.PathOf("nothing.yaml")).Expect(2).Error, Does.Contain("DEM3001"));
        Assert.That(Check(2, _folder.Write("bad.yaml", "a: [1"))["problems"]!.AsArray().Single()!["code"]!.GetValue<string>(), Is.EqualTo("DEM3002"));
    }

    [TestCase("merge", "merge_method")]
    [TestCase("moe", "experts")]
    public void A_schema_is_printed_as_JSON(string kind, string key)
    {
        JsonNode schema = JsonNode.Parse(Dem.Run("schema", kind).Expect(0).Output)!;
        Assert.That(schema["$schema"]!.GetValue<string>(), Does.Contain("2020-12"));
        Assert.That(schema["properties"]!.AsObject().ContainsKey(key));
        Assert.That(Dem.Run("schema", "search").Expect(2).Error, Does.Contain("'search' is not one of merge, moe"));
    }

    private JsonNode Check(int exitCode, params string[] args) => JsonNode.Parse(Dem.Run(["check", .. args, "--json"]).Expect(exitCode).Output)!;

    private string Recipe(params string[] models) => _folder.Write(
        "recipe.yaml", $"merge_method: task_arithmetic\nbase_model: base\nmodels: [{string.Join(", ", models)}]\n");

    private void Write(string name, params (string Name, long[] Shape)[] tensors) => TestCheckpoint.Write(
        _folder.PathOf(name), [.. tensors.Select(tensor => TestCheckpoint.Tensor(tensor.Name, ElementType.F32, tensor.Shape))]);
}
