using System.Text.Json;
using System.Text.RegularExpressions;

namespace DemEngine.Cli.Tests;

/// <summary>What <c>dem merge</c> and the commands like it print and leave behind.</summary>
public partial class MergeCommandTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily() => _family = new ModelFamily("tiny", sources: 2);

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [Test]
    public void Text_goes_to_standard_output_and_ends_with_the_folder()
    {
        CommandResult result = Merge("text").Expect(0);
        Assert.That(result.Output.TrimEnd().Split('\n')[^1], Is.EqualTo(_family.PathOf("text")));
        Assert.That(result.Error, Is.Empty);
        Assert.That(File.Exists(Path.Combine(_family.PathOf("text"), "dem-manifest.json")));
    }

    [Test]
    [Platform(Include = "Unix")]
    public void What_a_terminal_would_obey_in_a_path_is_shown()
    {
        string[] printed =
        [
            Merge("a\n\u001b[31mb").Expect(0).Output,
            Merge("a\n\u001b[31mb", "--dry-run", "--overwrite").Expect(0).Output,
            Dem.Run("inspect", _family.PathOf("a\n\u001b[31mb")).Expect(0).Output,
            Dem.Run("verify", _family.PathOf("a\n\u001b[31mb")).Expect(0).Output,
        ];
        Assert.That(printed[0].TrimEnd().Split('\n')[^1], Is.EqualTo(_family.PathOf(@"a\u000a\u001b[31mb")));
        foreach (string text in printed)
            Assert.That(text.Where(char.IsControl), Has.All.EqualTo('\n'));
        Assert.That(Merge("json\n\u001b", "--json").Expect(0).Json.GetProperty("output").GetString(), Is.EqualTo(_family.PathOf("json\n\u001b")));
    }

    [Test]
    public void A_model_card_is_written_unless_it_is_not_wanted()
    {
        Merge("card").Expect(0);
        Assert.That(File.ReadAllText(Path.Combine(_family.PathOf("card"), "README.md")), Does.StartWith("---\nbase_model:\n- base\n").And.Not.Contain(_family.PathOf("base")));
        Assert.That(File.Exists(Path.Combine(_family.PathOf("card"), "mergekit_config.yml")));
        Dem.Run("verify", _family.PathOf("card")).Expect(0);
        Merge("no card", "--no-card").Expect(0);
        Assert.That(File.Exists(Path.Combine(_family.PathOf("no card"), "README.md")), Is.False);
        Assert.That(File.Exists(Path.Combine(_family.PathOf("no card"), "mergekit_config.yml")), Is.False);
    }

    [Test]
    public void Quiet_prints_nothing()
    {
        CommandResult result = Merge("quiet", "--quiet").Expect(0);
        Assert.That(result.Output + result.Error, Is.Empty);
        result = Merge("quiet run", "--quiet", "--dry-run").Expect(0);
        Assert.That(result.Output + result.Error, Is.Empty);
    }

    [Test]
    public void Quiet_still_prints_errors()
    {
        Merge("there already").Expect(0);
        Merge("there already", "--quiet").ExpectError(ErrorCode.OutputExists);
    }

    [Test]
    public void Json_is_one_object_with_stable_names()
    {
        CommandResult result = Merge("json", "--json", "--quiet").Expect(0);
        Assert.That(result.Error, Is.Empty);
        Assert.That(result.Output.TrimEnd(), Does.Not.Contain('\n'));
        Assert.That(result.Json.EnumerateObject().Select(field => field.Name), Is.EqualTo([
            "schema", "output", "backend", "tensors", "resumed", "bytes_read", "bytes_written", "seconds", "sync_seconds", "non_finite", "notes",
            "gigabytes_per_second"]));
        Assert.That(result.Json.GetProperty("output").GetString(), Is.EqualTo(_family.PathOf("json")));
        Assert.That(result.Json.GetProperty("tensors").GetInt32(), Is.EqualTo(39));
    }

    [Test]
    public void Json_holds_for_every_command_that_writes()
    {
        Assert.That(Dem.Run("synth", "--shape", "tiny", "--seed", "9", "--out", _family.PathOf("synth"), "--json").Expect(0).Json.ValueKind,
            Is.EqualTo(JsonValueKind.Object));
        Assert.That(Dem.Run("extract", "--base", _family.PathOf("base"), "--tuned", _family.PathOf("tuned 1"), "--out", _family.PathOf("vector"), "--json")
            .Expect(0).Json.GetProperty("tensors").GetInt32(), Is.EqualTo(39));
    }

    [Test]
    public void Json_has_no_output_where_the_command_fails() =>
        Merge("x/../base", "--json").ExpectError(ErrorCode.OutputOverlapsInput);

    [Test]
    public void Dry_run_says_what_would_be_done_and_writes_nothing()
    {
        string[] before = Listing();
        string text = Merge("dry", "--dry-run").Expect(0).Output;
        Assert.That(Listing(), Is.EqualTo(before));
        Assert.That(text, Does.Match(@"\nto read +1\.50 MB\n").And.Match(@"\nto write +5\d\d KB\n").And.Match(@"\nmemory +\d").And.Match(@"\ndisk +5\d\d KB needed, [\d.]+ .B free"));
        Assert.That(text, Does.Contain("\n1  ").Or.Contain("4×3  model.layers.*.mlp.{gate,up,down}_proj.weight").And.Contain("model.safetensors").And.Contain("x1"));
        Assert.That(Merge("dry", "--dry-run", "--all").Expect(0).Output, Does.Contain("model.embed_tokens.weight").And.Contain("(x1 − b)"));
        Assert.That(text, Does.Contain("\nb = base\nx1 = tuned 1\nx2 = tuned 2\n"));
    }

    [Test]
    public void Dry_run_as_json_agrees_with_what_is_then_written()
    {
        string[] before = Listing();
        JsonElement plan = Merge("planned", "--dry-run", "--json", "--all").Expect(0).Json;
        Assert.That(Listing(), Is.EqualTo(before));
        Assert.That(plan.EnumerateObject().Select(field => field.Name), Is.EqualTo([
            "schema", "operation", "inputs", "shards", "models", "tensor_count", "tensors", "notes", "bytes_to_read", "bytes_to_write", "buffer_bytes",
            "metadata_bytes", "disk_needed_bytes", "disk_free_bytes"]));

        JsonElement source = plan.GetProperty("tensors")[0].GetProperty("sources")[1];
        Assert.That(source.GetProperty("symbol").GetString(), Is.EqualTo("x1"));
        Assert.That(source.GetProperty("model").GetString(), Is.EqualTo("tuned 1"));
        Assert.That(source.GetProperty("tensor").GetString(), Is.EqualTo(plan.GetProperty("tensors")[0].GetProperty("name").GetString()));

        JsonElement run = Merge("planned", "--json").Expect(0).Json;
        Assert.That(plan.GetProperty("bytes_to_read").GetInt64(), Is.EqualTo(run.GetProperty("bytes_read").GetInt64()));
        Assert.That(plan.GetProperty("tensors").GetArrayLength(), Is.EqualTo(run.GetProperty("tensors").GetInt32()));
        long written = new DirectoryInfo(_family.PathOf("planned")).EnumerateFiles().Where(file => file.Name != "dem-manifest.json").Sum(file => file.Length);
        Assert.That(plan.GetProperty("disk_needed_bytes").GetInt64(), Is.EqualTo(written));
        Assert.That(plan.GetProperty("buffer_bytes").GetInt64(), Is.InRange(1, 512_000_000));
        Assert.That(plan.GetProperty("disk_free_bytes").GetInt64(), Is.GreaterThan(0));
    }

    [Test]
    public void Dry_run_refuses_what_the_run_would_refuse()
    {
        Merge("in the way").Expect(0);
        Merge("in the way", "--dry-run").ExpectError(ErrorCode.OutputExists);
        Merge("in the way", "--dry-run", "--overwrite").Expect(0);
        Merge("new", "--dry-run", "--resume").ExpectError(ErrorCode.NothingToResume);
        Merge("base", "--dry-run", "--overwrite").ExpectError(ErrorCode.OutputOverlapsInput);
        CommandResult little = Merge("new", "--dry-run", "--max-memory", "1KB").Expect(2);
        Assert.That(little.Error, Does.Contain("error DEM1001: a memory bound of 1000 bytes is too small"));
        Assert.That(little.ErrorLines[^1], Does.Match("^ +Raise the bound on memory to [0-9]+ bytes or more[.]$"));
    }

    [Test]
    public void Several_results_of_one_file_go_into_folders_of_their_names()
    {
        string recipe = _family.PathOf("several.yaml");
        File.WriteAllText(recipe, string.Join("---\n", new[] { "left", "right" }.Select((name, k) =>
            $"name: {name}\nmerge_method: slerp\nbase_model: base\nmodels: [{{model: half}}]\nparameters: {{t: 0.{k + 3}}}\n"))
            + "---\nname: half\nmerge_method: linear\nmodels: [{model: tuned 1}, {model: tuned 2}]\nparameters: {weight: 1}\n");
        string output = _family.PathOf("several");
        CommandResult plan = Dem.Run("merge", recipe, "--out", output, "--dry-run", "--json").Expect(0);
        Assert.That(plan.Json.GetProperty("results").GetArrayLength(), Is.EqualTo(2));
        Assert.That(Directory.Exists(output), Is.False);

        CommandResult result = Dem.Run("merge", recipe, "--out", output, "--json").Expect(0);
        Assert.That(
            result.Json.GetProperty("results").EnumerateArray().Select(one => one.GetProperty("output").GetString()),
            Is.EqualTo([Path.Combine(output, "left"), Path.Combine(output, "right")]));
        Assert.That(Directory.GetDirectories(output).Select(Path.GetFileName), Is.EquivalentTo(["left", "right"]));
        Dem.Run("verify", Path.Combine(output, "right")).Expect(0);
        Dem.Run("merge", recipe, "--out", output).ExpectError(ErrorCode.OutputExists);

        Directory.Delete(Path.Combine(output, "right"), recursive: true);
        CommandResult rest = Dem.Run("merge", recipe, "--out", output, "--resume", "--json").Expect(0);
        Assert.That(rest.Json.GetProperty("results").GetArrayLength(), Is.EqualTo(1));
        Assert.That(File.Exists(Path.Combine(output, "right", "dem-manifest.json")));
    }

    [Test]
    public void Overwrite_replaces_its_own_output_only()
    {
        Merge("again").Expect(0);
        Merge("again", "--overwrite").Expect(0);
        _family.ExpectSame("again", "again");

        Directory.CreateDirectory(_family.PathOf("precious"));
        _family.Write("precious/file", "mine");
        Merge("precious", "--overwrite").ExpectError(ErrorCode.OutputNotOurs);
        Assert.That(File.ReadAllText(_family.PathOf("precious/file")), Is.EqualTo("mine"));
    }

    [Test]
    public void Threads_memory_and_reading_do_not_show_in_the_output()
    {
        Merge("plain").Expect(0);
        Merge("odd", "--threads", "3", "--max-memory", "20MB", "--io", "pread").Expect(0);
        _family.ExpectSame("odd", "plain");
    }

    /// <summary>Where the process died between the exchange of the outputs and the deletion of the old one, the old one lies there.</summary>
    [Test]
    public void What_an_old_output_left_behind_is_not_published_again()
    {
        Merge("clean").Expect(0);
        Directory.CreateDirectory(Path.Combine(_family.Staging("stale"), "folder"));
        foreach (string name in new[] { "model-00007-of-00009.safetensors", "tokenizer.json", "dem-manifest.json", "folder/file" })
            File.WriteAllText(Path.Combine(_family.Staging("stale"), name), "old");
        Merge("stale").ExpectError(ErrorCode.UnfinishedRun);
        Merge("stale", "--resume").Expect(0);
        _family.ExpectSame("stale", "clean");
    }

    [Test]
    public void An_unfinished_run_of_another_recipe_is_not_taken_for_this_one()
    {
        Directory.CreateDirectory(_family.Staging("other"));
        File.WriteAllText(Path.Combine(_family.Staging("other"), "dem-journal.jsonl"), "{\"Plan\":\"0123\"}\n");
        File.WriteAllText(Path.Combine(_family.Staging("other"), "model.safetensors"), "theirs");
        Merge("other", "--resume").ExpectError(ErrorCode.ResumeMismatch);
        Assert.That(File.ReadAllText(Path.Combine(_family.Staging("other"), "model.safetensors")), Is.EqualTo("theirs"));
        Merge("other", "--restart").Expect(0);
    }

    [Test]
    public void Nothing_of_a_terminal_goes_into_a_file()
    {
        CommandResult result = DemProcess.Run("merge", _family.Recipe, "--out", _family.PathOf("process")).Expect(0);
        Assert.That(result.Output + result.Error, Does.Not.Match(ControlCharacter()));
    }

    private CommandResult Merge(string output, params string[] more) => Dem.Run(["merge", _family.Recipe, "--out", _family.PathOf(output), .. more]);

    private string[] Listing() => Directory.GetFileSystemEntries(_family.Folder, "*", SearchOption.AllDirectories);

    [GeneratedRegex(@"[\u0000-\u0009\u000b-\u001f]")]
    private static partial Regex ControlCharacter();
}
