using System.Text.Json;

namespace DemEngine.Cli.Tests.ScaleOut;

/// <summary>A merge by several processes that know the plan's file and nothing of each other.</summary>
[Platform(Include = "Unix")]
public sealed class PartCommandTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily()
    {
        _family = new ModelFamily(ModelFamily.Deep, sources: 2);
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("whole"), "--max-shard-size", "2MB").Expect(0);
    }

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void Tasks_of_an_array_that_are_killed_and_started_again_make_the_same_files()
    {
        const int parts = 3;
        string plan = Plan("array", parts);
        for (int part = 0; part < parts; part++)
        {
            using DemProcess killed = DemProcess.Start("merge", plan, "--part", $"{part}", "--threads", "1");
            if (killed.WaitUntil(() => Journal("array", part) > 10))
                killed.Kill();
        }

        Dem.Run("join", plan).ExpectError(ErrorCode.PartsMissing, "parts are not finished");
        foreach (int part in new[] { 2, 0, 1 })
        {
            JsonElement done = DemProcess.Run(
                new Dictionary<string, string>
                {
                    ["SLURM_ARRAY_TASK_ID"] = $"{part + 10}",
                    ["SLURM_ARRAY_TASK_MIN"] = "10",
                    ["SLURM_ARRAY_TASK_COUNT"] = $"{parts}",
                },
                "merge", plan, "--part", "auto", "--json").Expect(0).Json;
            Assert.That(done.GetProperty("part").GetInt32(), Is.EqualTo(part));
            Assert.That(done.GetProperty("resumed").GetInt32(), Is.Positive, "what was finished before the kill is kept");
        }

        using (DemProcess join = DemProcess.Start("join", plan, "--threads", "1"))
        {
            if (join.WaitUntil(() => Directory.Exists(_family.Staging("array"))
                && Directory.GetFiles(_family.Staging("array"), "*.safetensors").Length > 1))
                join.Kill();
        }

        DemProcess.Run("join", plan).Expect(0);
        _family.ExpectSame("array", "whole");
        Assert.That(Directory.GetDirectories(_family.Folder, ".array*"), Is.Empty);
    }

    [Test]
    public void Several_processes_at_once_and_two_on_each_part_make_the_same_files()
    {
        const int parts = 2;
        string plan = Plan("crowd", parts);
        DemProcess[] crowd = [.. Enumerable.Range(0, 2 * parts).Select(k => DemProcess.Start("merge", plan, "--part", $"{k / 2}", "--threads", "1"))];
        int[] codes = [.. crowd.Select(process => process.Wait().ExitCode)];
        foreach (DemProcess process in crowd)
            process.Dispose();
        Assert.That(codes, Is.All.EqualTo(0).Or.EqualTo(ErrorCode.OutputBusy.ExitCode));
        for (int part = 0; part < parts; part++)
            Assert.That(codes.Skip(2 * part).Take(2), Has.Some.EqualTo(0), "the one that had it finished it");
        Dem.Run("join", plan, "-q").Expect(0);
        _family.ExpectSame("crowd", "whole");
    }

    [Test]
    public void The_plan_decides_what_the_output_is()
    {
        string plan = Plan("decided", 2);
        foreach (string[] more in new[] { ["--out", "x"], ["--max-shard-size", "1MB"], ["--missing", "base"], ["--overwrite"], ["--dry-run"], new[] { "--no-card" } })
            Dem.Run(["merge", plan, "--part", "0", .. more]).ExpectError(ErrorCode.BadArgument, $"{more[0]} is decided by the plan");
        Dem.Run("merge", plan, _family.PathOf("x"), "--part", "0").ExpectError(ErrorCode.BadArgument, "decided by the plan");
        Dem.Run("merge", plan, "--part", "first").ExpectError(ErrorCode.BadArgument, "'first' is neither a number from 0 nor auto");
        Dem.Run("merge", plan, "--part", "2").ExpectError(ErrorCode.NoSuchPart, "the parts 0 to 1");
        Dem.Run("merge", _family.Recipe, "--part", "0").ExpectError(ErrorCode.BadPlan);
        Dem.Run("merge", plan + "x", "--part", "0").ExpectError(ErrorCode.NoPlan, "there is no such file");
        Dem.Run("join", plan + "x").ExpectError(ErrorCode.NoPlan);
        CommandResult asRecipe = Dem.Run("merge", plan, _family.PathOf("x")).Expect(2);
        Assert.That(asRecipe.Error, Does.Contain("this is a plan in parts").And.Contain("--part"));
        Dem.Run("merge", plan).ExpectError(ErrorCode.BadArgument, "is a plan in parts: say with --part which one");
    }

    [Test]
    public void A_file_that_is_no_plan_is_said_to_be_none_in_plain_words()
    {
        string plan = Plan("joined", 2);
        Assert.That(Dem.Run("join", _family.Recipe).Expect(2).Error, Does.StartWith($"error DEM1032: {_family.Recipe}: not a plan").And.Contain("not the recipe"));
        Dem.Run("join", _family.PathOf("base/model.safetensors")).ExpectError(ErrorCode.BadPlan, "not a plan");
        Dem.Run("join", _family.PathOf("base")).ExpectError(ErrorCode.BadPlan, "this is a folder");
        File.WriteAllText(_family.PathOf("cut.plan"), File.ReadAllText(plan)[..200]);
        Dem.Run("join", _family.PathOf("cut.plan")).ExpectError(ErrorCode.BadPlan, "line ");
    }

    [TestCase("check")]
    [TestCase("moe", "--out", "x")]
    [TestCase("sweep", "--set", "lambda=1,2", "--out", "x")]
    [TestCase("plan", "x", "--parts", "2", "--out", "y")]
    public void A_plan_is_no_recipe_and_every_command_says_so_and_nothing_else(string command, params string[] more)
    {
        CommandResult result = Dem.Run([command, Plan($"as recipe of {command}", 2), .. more]).Expect(2);
        Assert.That(result.ErrorLines, Has.Length.EqualTo(2), result.Error);
        Assert.That(result.Error, Does.StartWith("error DEM3007: ").And.Contain("this is a plan in parts, not a recipe"));
    }

    [Test]
    public void The_configuration_of_a_model_is_no_recipe() => Assert.That(
        Dem.Run("check", _family.PathOf("base/config.json")).Expect(2).Error,
        Does.StartWith("error DEM3007: ").And.Contain("this is the configuration of a model").And.Contain("Give the recipe's own file"));

    [Test]
    public void The_next_commands_can_be_copied_wherever_the_plan_lies()
    {
        string plan = _family.PathOf("plan of it's own");
        CommandResult text = Dem.Run("plan", _family.Recipe, _family.PathOf("copied"), "--parts", "2", "--out", plan).Expect(0);
        Assert.That(text.Output, Does.Contain($"dem join '{plan.Replace("'", @"'\''", StringComparison.Ordinal)}'"));
    }

    [Test]
    public void What_is_measured_over_the_model_can_be_measured_first()
    {
        string recipe = _family.Write(
            "scope.yaml", "merge_method: ties\nbase_model: base\nparameters: {weight: 0.5, density: 0.3, scope: model}\nmodels: [{model: tuned 1}, {model: tuned 2}]\n");
        Dem.Run("merge", recipe, "--out", _family.PathOf("over the model")).Expect(0);
        string plan = _family.PathOf("measured.plan");
        Dem.Run("plan", recipe, _family.PathOf("measured"), "--parts", "2", "--out", plan, "-q").Expect(0);
        Dem.Run("merge", plan, "--part", "0", "--phase", "measure").Expect(0);
        Dem.Run("merge", plan, "--part", "0").ExpectError(ErrorCode.MeasurementsMissing, "have not measured: 1");
        Dem.Run("merge", plan, "--part", "1", "--phase", "measure").Expect(0);
        for (int part = 0; part < 2; part++)
            Dem.Run("merge", plan, "--part", $"{part}", "-q").Expect(0);
        Dem.Run("join", plan, "-q").Expect(0);
        _family.ExpectSame("measured", "over the model");
        Dem.Run("merge", recipe, "--out", _family.PathOf("x"), "--phase", "measure").ExpectError(ErrorCode.BadArgument, "--part");
    }

    [Test]
    public void The_inputs_of_a_part_are_the_shards_that_have_its_tensors()
    {
        const int parts = 3;
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("in shards"), "--max-shard-size", "1MB", "-q").Expect(0);
        string recipe = _family.Write(
            "shards.yaml", "merge_method: linear\nmodels: [{model: in shards, parameters: {weight: 1}}, {model: tuned 1, parameters: {weight: 1}}]\n");
        string plan = _family.PathOf("staged.plan");
        JsonElement planned = Dem.Run("plan", recipe, _family.PathOf("staged"), "--parts", $"{parts}", "--out", plan, "--json").Expect(0).Json;
        Dictionary<string, string> shards = JsonDocument.Parse(File.ReadAllText(_family.PathOf("in shards/model.safetensors.index.json")))
            .RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(tensor => tensor.Name, tensor => tensor.Value.GetString()!);
        long bytes = 0;
        for (int part = 0; part < parts; part++)
        {
            JsonElement listed = Dem.Run("merge", plan, "--part", $"{part}", "--inputs", "--json").Expect(0).Json;
            string[] paths = [.. listed.GetProperty("inputs").EnumerateArray().Select(input => input.GetProperty("path").GetString()!)];
            Assert.That(
                Dem.Run("merge", plan, "--part", $"{part}", "--inputs").Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(paths));
            bytes += listed.GetProperty("inputs").EnumerateArray().Sum(input => input.GetProperty("bytes").GetInt64());

            Dem.Run("merge", plan, "--part", $"{part}", "-q").Expect(0);
            string[] made = [.. TensorsMade("staged", part)];
            Assert.That(made, Is.Not.Empty);
            Assert.That(paths, Is.EquivalentTo(made.Select(name => _family.PathOf($"in shards/{shards[name]}"))
                .Append(_family.PathOf("tuned 1/model.safetensors")).Distinct()));
        }

        Assert.That(bytes, Is.EqualTo(planned.GetProperty("parts").EnumerateArray().Sum(part => 2 * part.GetProperty("bytes_written").GetInt64())));
        Dem.Run("merge", plan, "--inputs", "--out", _family.PathOf("x")).ExpectError(ErrorCode.BadArgument, "give --part");
    }

    [Test]
    public void Each_part_of_a_verification_finds_what_is_damaged_in_it()
    {
        const int parts = 3;
        string folder = _family.PathOf("to verify");
        Dem.Run("merge", _family.Recipe, "--out", folder, "--max-shard-size", "2MB", "-q").Expect(0);
        CommandResult[] intact = [.. Verified()];
        Assert.That(intact.Select(part => part.ExitCode), Is.All.EqualTo(0));
        Assert.That(intact.Sum(part => part.Json.GetProperty("tensors").GetInt32()), Is.EqualTo(219));
        long[] bytes = [.. intact.Select(part => part.Json.GetProperty("bytes").GetInt64())];
        Assert.That(bytes.Max(), Is.LessThan(1.2 * bytes.Min()));

        string last = Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).Last();
        using (FileStream file = File.Open(last, FileMode.Open))
        {
            file.Seek(-1, SeekOrigin.End);
            int end = file.ReadByte();
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte((byte)~end);
        }

        CommandResult[] damaged = [.. Verified()];
        Assert.That(damaged.Select(part => part.ExitCode), Is.EqualTo(new[] { 0, 0, 1 }));
        Assert.That(damaged[2].Json.GetProperty("differing").EnumerateArray().Count(), Is.EqualTo(1));
        Assert.That(DemProcess.Run(new Dictionary<string, string> { ["JOB_COMPLETION_INDEX"] = "2" }, "verify", folder, "--parts", "3", "--part", "auto").Output, Does.StartWith("part 2 of 3"));
        Dem.Run("verify", folder, "--parts", "3").ExpectError(ErrorCode.BadArgument, "give both of --parts and --part");
        Dem.Run("verify", folder, "--parts", "3", "--part", "3").ExpectError(ErrorCode.NoSuchPart);
        Dem.Run("verify", folder, "--parts", "0", "--part", "0").ExpectError(ErrorCode.BadArgument, "--parts: '0' is not a whole number from 1");

        IEnumerable<CommandResult> Verified() =>
            Enumerable.Range(0, parts).Select(part => Dem.Run("verify", folder, "--parts", $"{parts}", "--part", $"{part}", "--json"));
    }

    [Test]
    public void A_plan_says_how_it_is_cut()
    {
        CommandResult text = Dem.Run("plan", _family.Recipe, _family.PathOf("shown"), "--parts", "4", "--out", _family.PathOf("shown.plan")).Expect(0);
        Assert.That(text.Output, Does.Contain("4 parts: the largest moves").And.Contain($"dem join '{_family.PathOf("shown.plan")}'"));
        JsonElement json = Dem.Run("plan", _family.Recipe, _family.PathOf("shown"), "--parts", "4", "--out", _family.PathOf("shown.plan"), "--json").Expect(0).Json;
        JsonElement[] parts = [.. json.GetProperty("parts").EnumerateArray()];
        Assert.That(parts.Sum(part => part.GetProperty("tensors").GetInt32()), Is.EqualTo(219));
        Assert.That(parts.Max(part => part.GetProperty("bytes_moved").GetInt64()), Is.LessThan(1.1 * parts.Min(part => part.GetProperty("bytes_moved").GetInt64())));
    }

    private string Plan(string output, int parts)
    {
        string plan = _family.PathOf($"{output}.plan");
        Dem.Run("plan", _family.Recipe, _family.PathOf(output), "--parts", $"{parts}", "--out", plan, "--max-shard-size", "2MB", "-q").Expect(0);
        return plan;
    }

    /// <summary>Names of the tensors that a part has made.</summary>
    private IEnumerable<string> TensorsMade(string output, int part) =>
        File.ReadLines(_family.PathOf($".{output}.dem-parts/part-{part:D5}/dem-journal.jsonl"))
            .Skip(1)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Tensor").GetString()!);

    /// <summary>Number of lines in a part's journal.</summary>
    private int Journal(string output, int part)
    {
        try
        {
            using var file = new FileStream(
                _family.PathOf($".{output}.dem-parts/part-{part:D5}/dem-journal.jsonl"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd().Count(c => c == '\n');
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
