using System.Text.Json;

namespace DemEngine.Cli.Tests;

/// <summary><c>dem sweep</c>.</summary>
public sealed class SweepCommandTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily() => _family = new ModelFamily("tiny", sources: 2);

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void Each_combination_is_merged_and_named()
    {
        string[] command = ["sweep", _family.Recipe, "--set", "models[0].weight=0.25:0.75:0.25", "lambda=1,2", "--out", _family.PathOf("sweep")];
        string[] lines = Dem.Run(command).Expect(0).Output.TrimEnd().Split('\n');
        Assert.That(lines[0], Is.EqualTo("6 merges"));
        Assert.That(lines[2..], Is.EqualTo(new[] { "0.25", "0.5", "0.75" }.SelectMany(weight => new[] { 1, 2 }.Select(lambda =>
            Path.Combine(_family.PathOf("sweep"), $"models.0.weight-{weight}_lambda-{lambda}")))));
        foreach (string folder in lines[2..])
            Dem.Run("verify", folder).Expect(0);

        JsonElement report = Dem.Run([.. command, "--resume", "--json"]).Expect(0).Json;
        Assert.That(report.GetProperty("candidates").GetArrayLength(), Is.EqualTo(6));
        Assert.That(report.GetProperty("merges").GetArrayLength(), Is.Zero, "all were there");
        Dem.Run(command).ExpectError(ErrorCode.OutputExists);
    }

    [Test]
    public void A_table_says_what_is_where()
    {
        string output = _family.PathOf("table");
        Dem.Run("sweep", _family.Recipe, "--set", "models[0].weight=-0.1,0.2", "--out", output).Expect(0);
        Dem.Run("sweep", _family.Recipe, "--set", "lambda=2", "--out", output).Expect(0);
        Assert.That(File.ReadAllText(Path.Combine(output, "sweep.csv")), Is.EqualTo(
            "folder,models[0].weight,lambda\r\nmodels.0.weight-minus0.1,-0.1,\r\nmodels.0.weight-0.2,0.2,\r\nlambda-2,,2\r\n"));
        JsonElement table = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "sweep.json"))).RootElement;
        Assert.That(table.GetProperty("schema").GetInt32(), Is.EqualTo(1));
        JsonElement merge = table.GetProperty("merges")[0];
        Assert.That(merge.GetProperty("parameters").GetProperty("models[0].weight").GetDouble(), Is.EqualTo(-0.1));
        foreach (JsonElement one in table.GetProperty("merges").EnumerateArray())
            Dem.Run("verify", Path.Combine(output, one.GetProperty("folder").GetString()!)).Expect(0);

        Directory.Delete(Path.Combine(output, "models.0.weight-0.2"), recursive: true);
        File.WriteAllText(Path.Combine(output, "sweep.csv"), "");
        Dem.Run("sweep", _family.Recipe, "--set", "lambda=2", "--out", output, "--resume").Expect(0);
        Assert.That(File.ReadAllLines(Path.Combine(output, "sweep.csv")), Has.Length.EqualTo(3), "what is gone is no longer listed");
    }

    [Test]
    public void What_is_no_number_of_the_recipe_is_refused()
    {
        Dem.Run("sweep", _family.Recipe, "--set", "lambda", "--out", _family.PathOf("none")).ExpectError(ErrorCode.BadArgument, "--set \"lambda\"");
        Dem.Run("sweep", _family.Recipe, "--set", "gamma=1,2", "--out", _family.PathOf("none")).ExpectError(ErrorCode.UnknownKey);
        Dem.Run("sweep", _family.Recipe, "--set", "lamda=1,2", "--out", _family.PathOf("none"))
            .ExpectError(ErrorCode.UnknownKey, "lamda: the method dem has no such parameter (did you mean \"lambda\"?); it takes");
        Assert.That(Directory.Exists(_family.PathOf("none")), Is.False);
    }
}
