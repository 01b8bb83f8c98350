using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace DemEngine.Cli.Tests.Analysis;

/// <summary>Runs whole commands in this process and looks at what they print.</summary>
[NonParallelizable]
public sealed class AnalysisCommandTests
{
    private string _folder = null!;

    [OneTimeSetUp]
    public void MakeModels()
    {
        _folder = Directory.CreateTempSubdirectory("dem-cli-").FullName;
        Assert.That(Dem("synth", "--shape", "tiny", "--seed", "1", "--out", In("base"), "-q").Exit, Is.Zero);
        Assert.That(Dem("synth", "--tuned-from", In("base"), "--seed", "2", "--out", In("one"), "-q").Exit, Is.Zero);
        Assert.That(Dem("synth", "--tuned-from", In("base"), "--seed", "3", "--scale", "0.01", "--out", In("two"), "-q").Exit, Is.Zero);
    }

    [OneTimeTearDown]
    public void RemoveModels() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Distance_prints_tables_and_writes_reports()
    {
        var (exit, output, error) = Dem("distance", "--base", In("base"), In("one"), In("two"), "--svg", In("d.svg"), "--csv", In("d.csv"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exit, Is.Zero, error);
            Assert.That(output, Does.Contain("model.layers.3").And.Contain("lm_head").And.Contain("Cosine"));
            Assert.That(output, Does.Not.Contain("\u001b"));
            Assert.That(File.ReadAllLines(In("d.csv")), Has.Length.EqualTo(1 + (7 * 2)));
            Assert.That(XDocument.Load(In("d.svg")).Root!.Name.LocalName, Is.EqualTo("svg"));
            Assert.That(Directory.GetFiles(_folder, "*.partial"), Is.Empty);
        }
    }

    [Test]
    public void Distance_as_json_is_one_object_and_the_same_every_time()
    {
        string[] args = ["distance", "--base", In("base"), In("one"), In("two"), "--json"];
        var (exit, output, error) = Dem(args);
        using JsonDocument json = JsonDocument.Parse(output);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exit, Is.Zero);
            Assert.That(error, Is.Empty);
            Assert.That(json.RootElement.GetProperty("layers").GetArrayLength(), Is.EqualTo(7));
            Assert.That(json.RootElement.GetProperty("whole").GetProperty("cosine")[0][0].GetDouble(), Is.EqualTo(1));
            Assert.That(json.RootElement.GetProperty("layers")[1].GetProperty("normalised")[1].GetDouble(), Is.InRange(0.5, 1));
            Assert.That(Dem([.. args, "--threads", "1", "--io", "pread"]).Output, Is.EqualTo(output));
        }
    }

    [Test]
    public void Distance_of_a_zero_change_is_valid_json()
    {
        var (exit, output, _) = Dem("distance", "--base", In("base"), In("base"), In("one"), "--json");
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.That(exit, Is.Zero);
        Assert.That(json.RootElement.GetProperty("whole").GetProperty("cosine")[0][1].ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void Inspect_lists_groups_of_tensors_or_each()
    {
        var (exit, output, _) = Dem("inspect", In("one"));
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Contain("layers.*").And.Not.Contain("model.layers.0."));
        output = Dem("inspect", In("one"), "--all").Output;
        Assert.That(output, Does.Contain("model.layers.0.mlp.up_proj.weight").And.Contain("layers      4 in model.layers").And.Contain("made by"));

        using JsonDocument json = JsonDocument.Parse(Dem("inspect", In("one"), "--json", "--all").Output);
        Assert.That(json.RootElement.GetProperty("tensor_count").GetInt32(), Is.EqualTo(39));
        Assert.That(json.RootElement.GetProperty("tensors").GetArrayLength(), Is.EqualTo(39));
        using JsonDocument groups = JsonDocument.Parse(Dem("inspect", In("one"), "--json").Output);
        Assert.That(groups.RootElement.GetProperty("groups").EnumerateArray().Sum(group => group.GetProperty("tensors").GetInt32()), Is.EqualTo(39));
        Assert.That(groups.RootElement.TryGetProperty("tensors", out _), Is.False);
    }

    [Test]
    public void Inspect_measures_elements_where_it_is_asked_to()
    {
        string text = Dem("inspect", In("one"), "--stats").Output;
        Assert.That(text, Does.Contain("absmax"));
        Assert.That(Dem("inspect", In("one"), "--stats", "--threads", "1", "--io", "pread").Output, Is.EqualTo(text));
        using JsonDocument json = JsonDocument.Parse(Dem("inspect", In("base"), "--stats", "--json", "--all").Output);
        JsonElement norm = json.RootElement.GetProperty("tensors").EnumerateArray().Single(tensor => tensor.GetProperty("name").GetString() == "model.norm.weight");
        Assert.That((norm.GetProperty("min").GetDouble(), norm.GetProperty("mean").GetDouble(), norm.GetProperty("std").GetDouble()), Is.EqualTo((1d, 1d, 0d)));
        Assert.That(norm.GetProperty("nan").GetInt64(), Is.Zero);
    }

    [Test]
    public void Inspect_says_the_length_of_what_a_link_leads_to()
    {
        Directory.CreateDirectory(In("linked"));
        string target = Path.Combine(In("base"), "model.safetensors");
        File.CreateSymbolicLink(Path.Combine(In("linked"), "model.safetensors"), target);
        using JsonDocument json = JsonDocument.Parse(Dem("inspect", In("linked"), "--json").Output);
        Assert.That(json.RootElement.GetProperty("file_bytes").GetInt64(), Is.EqualTo(new FileInfo(target).Length));
    }

    [Test]
    public void Verify_names_files_that_changed_or_do_not_belong()
    {
        Assert.That(Dem("synth", "--shape", "tiny", "--seed", "9", "--out", In("files"), "-q").Exit, Is.Zero);
        File.WriteAllText(Path.Combine(In("files"), "config.json"), "{}");
        File.WriteAllText(Path.Combine(In("files"), "model2.safetensors"), "");
        File.WriteAllText(Path.Combine(In("files"), "notes.txt"), "");
        var (exit, output, error) = Dem("verify", In("files"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exit, Is.EqualTo(1));
            Assert.That(output, Does.StartWith("file differs: config.json\nfile extra: model2.safetensors\nnote: notes.txt is not of this model\n"));
            Assert.That(error, Does.StartWith("error DEM4006: "));
        }
    }

    [Test]
    public void Inspect_of_hostile_names_gives_the_terminal_nothing_to_obey()
    {
        byte[] header = Encoding.UTF8.GetBytes("""{"\u001b[2Jx\n[bold]":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""");
        File.WriteAllBytes(In("hostile.safetensors"), [.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0, 0, 0]);
        var (exit, output, _) = Dem("inspect", In("hostile.safetensors"));
        Assert.That(exit, Is.Zero);
        Assert.That(output, Does.Contain("\\u001b[2Jx\\u000a[bold]").And.Not.Contain("\u001b"));
    }

    [Test]
    public void Verify_fails_after_damage()
    {
        Assert.That(Dem("synth", "--shape", "tiny", "--seed", "9", "--out", In("damaged"), "-q").Exit, Is.Zero);
        Assert.That(Dem("verify", In("damaged")).Exit, Is.Zero);
        using (FileStream file = File.OpenWrite(Path.Combine(In("damaged"), "model.safetensors")))
        {
            file.Position = file.Length - 1;
            file.WriteByte(0x55);
        }

        var (exit, output, error) = Dem("verify", In("damaged"), "--json");
        using JsonDocument json = JsonDocument.Parse(output);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exit, Is.EqualTo(1));
            Assert.That(error, Does.StartWith("error DEM4006: "));
            Assert.That(json.RootElement.GetProperty("intact").GetBoolean(), Is.False);
            Assert.That(json.RootElement.GetProperty("differing").EnumerateArray().Select(name => name.GetString()), Is.EqualTo(["lm_head.weight"]));
            Assert.That(Dem("verify", In("damaged")).Output, Does.StartWith("differs: lm_head.weight"));
        }
    }

    [Test]
    public void Diff_exits_with_0_either_way()
    {
        var same = Dem("diff", In("one"), In("one"), "--json");
        var other = Dem("diff", In("one"), In("two"), "--json");
        using JsonDocument sameJson = JsonDocument.Parse(same.Output);
        using JsonDocument otherJson = JsonDocument.Parse(other.Output);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(same.Exit, Is.Zero);
            Assert.That(other.Exit, Is.Zero);
            Assert.That(sameJson.RootElement.GetProperty("identical").GetBoolean(), Is.True);
            Assert.That(otherJson.RootElement.GetProperty("identical").GetBoolean(), Is.False);
            Assert.That(Dem("diff", In("one"), In("two")).Output, Does.Contain("different: ").And.Contain("model.layers.*.").And.Not.Contain("\nmodel.layers.0."));
            Assert.That(Dem("diff", In("one"), In("two"), "--all").Output, Does.Contain("model.layers.0.mlp.up_proj.weight"));
            Assert.That(otherJson.RootElement.GetProperty("groups").EnumerateArray().Sum(group => group.GetProperty("tensors").GetInt32()), Is.EqualTo(otherJson.RootElement.GetProperty("different_count").GetInt32()));
        }
    }

    [TestCase("DEM2001", "distance", "--base", "nowhere", "nowhere")]
    [TestCase("DEM2001", "inspect", "nowhere")]
    [TestCase("DEM2001", "verify", "nowhere")]
    [TestCase("DEM2001", "diff", "nowhere", "nowhere")]
    [TestCase("DEM1001", "distance", "--base", "x")]
    [TestCase("DEM1001", "distance", "x")]
    [TestCase("DEM1001", "diff", "x")]
    [TestCase("DEM1001", "verify", "x", "--threads", "0")]
    [TestCase("DEM1001", "distance", "--base", "x", "y", "--io", "magic")]
    public void A_wrong_request_exits_with_2(string code, params string[] args)
    {
        var (exit, output, error) = Dem(args);
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(output, Is.Empty);
        Assert.That(error, Does.StartWith($"error {code}: "));
    }

    [Test]
    public void A_report_that_cannot_be_written_fails_before_anything_is_read()
    {
        var (exit, _, error) = Dem("distance", "--base", "nowhere", "nowhere", "--svg", In("no/such/d.svg"));
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.StartWith("error DEM1001: "));
    }

    [TestCase("--csv", "layer")]
    [TestCase("--svg", "<svg")]
    [TestCase("--html", "<!")]
    public void A_report_at_standard_output_is_all_that_is_printed_there(string option, string start)
    {
        string[] args = ["distance", "--base", In("base"), In("one"), In("two"), option];
        Assert.That(Dem([.. args, In("report")]).Exit, Is.Zero);
        var (exit, output, error) = Dem([.. args, "-"]);
        Assert.That(exit, Is.Zero, error);
        Assert.That(output, Is.EqualTo(File.ReadAllText(In("report"))));
        Assert.That(output, Does.StartWith(start).IgnoreCase);
        Assert.That(File.Exists("-"), Is.False);
    }

    [TestCase("--json", "--csv", "-")]
    [TestCase("--svg", "-", "--csv", "-")]
    public void Standard_output_takes_one_report_only(params string[] options)
    {
        var (exit, output, error) = Dem(["distance", "--base", In("base"), In("one"), .. options]);
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(output + error, Does.Contain("DEM1001").And.Contain("cannot share standard output"));
    }

    [TestCase(null)]
    [TestCase("gone")]
    public void Revisions_of_a_cached_model_are_named_where_none_is_its_main_one(string? main)
    {
        string cached = In($"cache-{main}/models--org--name");
        foreach (string revision in new[] { "first", "second" })
        {
            Directory.CreateDirectory(Path.Combine(cached, "snapshots", revision));
            File.Copy(In("base/model.safetensors"), Path.Combine(cached, "snapshots", revision, "model.safetensors"));
        }

        if (main is not null)
        {
            Directory.CreateDirectory(Path.Combine(cached, "refs"));
            File.WriteAllText(Path.Combine(cached, "refs", "main"), main);
        }

        var (exit, _, error) = Dem("inspect", cached);
        Assert.That(exit, Is.EqualTo(2));
        Assert.That(error, Does.Contain("DEM2001").And.Contain("\"first\", \"second\"").And.Contain(Path.Combine("snapshots", "first")));
    }

    private string In(string name) => Path.Combine(_folder, name);

    private static (int Exit, string Output, string Error) Dem(params string[] args)
    {
        TextWriter output = Console.Out;
        TextWriter error = Console.Error;
        using var capturedOutput = new StringWriter();
        using var capturedError = new StringWriter();
        Console.SetOut(capturedOutput);
        Console.SetError(capturedError);
        try
        {
            int exit = DemCommand.Run(args);
            return (exit, capturedOutput.ToString(), capturedError.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(error);
        }
    }
}
