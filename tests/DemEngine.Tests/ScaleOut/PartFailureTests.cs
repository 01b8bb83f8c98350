using System.Buffers.Binary;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.ScaleOut;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.ScaleOut;

/// <summary>What goes wrong where several machines work: each has a name, and no wrong byte is published.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class PartFailureTests
{
    private const string Recipe = """
        merge_method: dem
        base_model: base
        models: [{model: a, parameters: {weight: 0.5}}]
        """;

    private const int Parts = 4;

    private static readonly RunOptions Options = new() { Threads = 1, TileBytes = ContentHash.LeafBytes, MaxShardBytes = 1_500_000 };

    private static readonly (TensorSpec Spec, byte[] Bytes)[] Base =
        [.. Enumerable.Range(0, 10).Select(k => Values.Tensor($"t{k}", ElementType.BF16, [ContentHash.LeafBytes], k + 1, 2, 3))];

    private ModelFolder _folder = null!;
    private PlannedMerge _merge = null!;

    [SetUp]
    public void PlanTheMerge()
    {
        _folder = new ModelFolder().Model("base", Base).Model("a", [.. Base.Select(tensor => Values.Moved(tensor, 1, ElementType.BF16))])
            .File("base", "config.json", """{"dtype": "bfloat16"}""");
        _folder.Merge(Recipe, "whole", Options);
        _merge = new PlannedMerge(_folder, Recipe, Parts, options: Options);
    }

    [TearDown]
    public void DeleteModels() => _folder.Dispose();

    [Test]
    public void A_part_that_was_stopped_goes_on()
    {
        using var cancel = new CancellationTokenSource();
        int tiles = 0;
        Assert.That(
            () => _merge.Make(1, cancel: cancel.Token, progress: _ => { if (++tiles == 3) cancel.Cancel(); }),
            Throws.InstanceOf<OperationCanceledException>());
        Failing.With(ErrorCode.PartsMissing, () => _merge.Join());
        Assert.That(_merge.Make(1).Resumed, Is.EqualTo(1));
        FinishAndExpectSame();
    }

    [Test]
    public void A_finished_part_is_left_as_it_is()
    {
        _merge.Make(0);
        DateTime written = File.GetLastWriteTimeUtc(_merge.Part(0, "dem-part.json"));
        RunReport again = _merge.Make(0);
        Assert.That(again.Resumed, Is.EqualTo(again.Tensors));
        Assert.That(File.GetLastWriteTimeUtc(_merge.Part(0, "dem-part.json")), Is.EqualTo(written));
        Assert.That(_merge.Make(0, unfinished: UnfinishedRun.Restart).Resumed, Is.Zero);
        FinishAndExpectSame();
    }

    [Test]
    public void Parts_that_are_missing_are_named()
    {
        _merge.Make(1);
        DemException error = Failing.With(ErrorCode.PartsMissing, () => _merge.Join());
        Assert.That(error.Message, Does.Contain("3 of 4 parts are not finished: 0,2-3"));
        Assert.That(error.Code.ExitCode, Is.EqualTo(75));
        FinishAndExpectSame();
    }

    [Test]
    public void What_was_damaged_is_found_and_only_that_is_made_again([Range(0, Parts - 1)] int part)
    {
        _merge.MakeAll();
        Damage(_merge.Data(part), at: -2);
        DemException error = Failing.With(ErrorCode.PartDamaged, () => _merge.Join());
        Assert.That(error.Message, Does.EndWith($"part {part}"));
        Assert.That(Failing.With(ErrorCode.PartsMissing, () => _merge.Join()).Message, Does.EndWith($": {part}"));
        RunReport again = _merge.Make(part);
        Assert.That(again.Resumed, Is.EqualTo(again.Tensors - 1));
        FinishAndExpectSame();
    }

    [Test]
    public void A_header_that_was_damaged_is_found()
    {
        _merge.MakeAll();
        Damage(_merge.Data(0), at: 9);
        Failing.With(ErrorCode.PartDamaged, () => _merge.Join());
        FinishAndExpectSame();
    }

    [Test]
    public void Files_that_were_lost_or_cut_off_are_made_again()
    {
        _merge.MakeAll();
        File.Delete(_merge.Data(1));
        using (var file = new FileStream(_merge.Data(2), FileMode.Open))
            file.SetLength(file.Length - 1);
        Assert.That(Failing.With(ErrorCode.PartDamaged, () => _merge.Join()).Message, Does.EndWith("parts 1-2"));
        FinishAndExpectSame();
    }

    [Test]
    public void A_part_whose_file_is_gone_does_not_count_as_finished()
    {
        _merge.MakeAll();
        File.Delete(_merge.Data(3));
        Assert.That(_merge.Make(3).BytesWritten, Is.Positive);
        FinishAndExpectSame();
    }

    [Test]
    public void A_record_that_is_torn_or_of_another_part_does_not_count()
    {
        _merge.MakeAll();
        File.Copy(_merge.Part(0, "dem-part.json"), _merge.Part(1, "dem-part.json"), overwrite: true);
        File.WriteAllText(_merge.Part(2, "dem-part.json"), File.ReadAllText(_merge.Part(2, "dem-part.json"))[..^9]);
        Assert.That(Failing.With(ErrorCode.PartsMissing, () => _merge.Join()).Message, Does.EndWith("1-2"));
        FinishAndExpectSame();
    }

    [Test]
    public void Joining_twice_checks_what_is_there()
    {
        _merge.MakeAll();
        _merge.Join();
        Assert.That(_merge.Join().BytesWritten, Is.Zero);
        Assert.That(_merge.Make(2).BytesWritten, Is.Zero, "a task that the scheduler starts once more has nothing to do");
        _merge.ExpectSame("whole");
        Damage(Directory.GetFiles(_folder.PathOf("out"), "*.safetensors")[0], at: -2);
        Failing.With(ErrorCode.PlanNotBegun, () => _merge.Join());
    }

    [Test]
    public void A_join_that_is_stopped_goes_on([Values(1, 3, 6, 10)] int reports)
    {
        _merge.MakeAll();
        using var cancel = new CancellationTokenSource();
        int count = 0;
        Assert.That(
            () => _merge.Join(cancel.Token, _ => { if (++count == reports) cancel.Cancel(); }),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Directory.Exists(_folder.PathOf("out")), Is.False);
        Assert.That(_merge.Make(0).BytesWritten, Is.Zero, "what was moved is not made again");
        FinishAndExpectSame();
    }

    [Test]
    public void A_join_that_died_between_publishing_and_tidying_up_is_content()
    {
        _merge.MakeAll();
        string parts = _folder.PathOf("kept");
        Copy(_merge.Parts, parts);
        _merge.Join();
        Directory.Move(parts, _merge.Parts);
        File.WriteAllText(Path.Combine(_merge.Parts, "publishing"), "");
        _merge.Join();
        _merge.ExpectSame("whole");
    }

    [Test]
    public void What_was_joined_and_then_damaged_is_found_when_it_goes_on()
    {
        _merge.MakeAll();
        using var cancel = new CancellationTokenSource();
        int count = 0;
        Assert.That(
            () => _merge.Join(cancel.Token, _ => { if (++count == 6) cancel.Cancel(); }), Throws.InstanceOf<OperationCanceledException>());
        string shard = Directory.GetFiles(_merge.Staging, "*.safetensors")[0];
        Damage(shard, at: -2);
        Failing.With(ErrorCode.PartDamaged, () => _merge.Join());
        Assert.That(File.Exists(shard), Is.False);
        FinishAndExpectSame();
    }

    [Test]
    public void An_output_that_is_there_stays_until_it_is_replaced()
    {
        _folder.Merge(Recipe.Replace("0.5", "0.1", StringComparison.Ordinal), "old", Options);
        Assert.Throws<DemException>(() => new PlannedMerge(_folder, Recipe, Parts, "old", Options));
        var replacing = new PlannedMerge(_folder, Recipe, Parts, "old", Options with { Overwrite = true });
        SortedDictionary<string, byte[]> old = _folder.Files("old");
        replacing.MakeAll();
        Assert.That(_folder.Files("old"), Is.EqualTo(old));
        replacing.Join();
        replacing.ExpectSame("whole");
    }

    [Test]
    public void Other_weights_are_refused()
    {
        _merge.Make(0);
        Damage(_folder.PathOf("a/model.safetensors"), at: -2);
        Assert.That(Mismatch(() => _merge.Make(1)), Does.Contain("the weights of \"a\""));
        Mismatch(() => _merge.Join());
    }

    [Test]
    public void Inputs_with_other_times_are_the_same_inputs()
    {
        using var cancel = new CancellationTokenSource();
        int tiles = 0;
        Assert.That(
            () => _merge.Make(1, cancel: cancel.Token, progress: _ => { if (++tiles == 3) cancel.Cancel(); }),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_merge.Make(0).Remarks, Is.Empty);
        File.SetLastWriteTimeUtc(_folder.PathOf("a/model.safetensors"), DateTime.UtcNow.AddHours(1));
        RunReport stopped = _merge.Make(1);
        Assert.That(stopped.Resumed, Is.EqualTo(1), "what was finished before is kept");
        Assert.That(stopped.Remarks, Has.One.Contains("/a\" have other times than when the plan was made"));
        Assert.That(_merge.Make(0).Remarks, Has.Count.EqualTo(1), "a finished part stays finished");
        FinishAndExpectSame();
    }

    [Test]
    public void A_file_of_another_length_is_refused()
    {
        string path = _folder.PathOf("a/model.safetensors");
        byte[] file = File.ReadAllBytes(path);
        const int More = 8;
        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        byte[] longer = [.. file.AsSpan(0, sizeof(long) + header), .. Enumerable.Repeat((byte)' ', More), .. file.AsSpan(sizeof(long) + header)];
        BinaryPrimitives.WriteInt64LittleEndian(longer, header + More);
        File.WriteAllBytes(path, longer);
        Assert.That(Mismatch(() => _merge.Make(1)), Does.Contain("/a\" has another length"));
    }

    [Test]
    public void Another_configuration_is_refused()
    {
        _folder.File("a", "tokenizer.json", "{}");
        Assert.That(Mismatch(() => _merge.Make(1)), Does.Contain("tokenizer"));
        File.Delete(_folder.PathOf("a/tokenizer.json"));
        _folder.File("a", "results.json", "{}");
        _merge.Make(1);
    }

    [Test]
    public void Another_engine_is_refused()
    {
        Edit(plan => plan["engine"] = "DemEngine 0.0.1");
        Assert.That(Mismatch(() => _merge.Make(1)), Does.Contain("made by DemEngine 0.0.1"));
    }

    [Test]
    public void A_plan_that_was_edited_is_refused()
    {
        Edit(plan => plan["recipe"]!["text"] = Recipe.Replace("0.5", "0.25", StringComparison.Ordinal));
        Mismatch(() => _merge.Make(1));
        Edit(plan => plan["parts"]!.AsArray().RemoveAt(0));
        Mismatch(() => _merge.Make(1));
    }

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase("{\"dem_plan\": 2, \"parts\": []}")]
    [TestCase("{\"dem_plan\": 1}")]
    [TestCase("merge_method: dem")]
    public void What_is_no_plan_is_refused(string text)
    {
        File.WriteAllText(_merge.Plan, text);
        Failing.With(ErrorCode.BadPlan, () => _merge.Make(0));
        Failing.With(ErrorCode.OutputNotOurs, () => new PlannedMerge(_folder, Recipe, Parts, options: Options));
    }

    [Test]
    public void A_plan_that_is_not_there_yet_is_waited_for()
    {
        foreach (string path in new[] { _merge.Plan + "x", Path.Combine(_folder.Path, "nowhere", "plan") })
            Assert.That(Failing.With(ErrorCode.NoPlan, () => PartitionedPlan.Read(path)).Message, Does.Contain(path));
        Assert.That(ErrorCode.NoPlan.ExitCode, Is.EqualTo(75), "schedulers try again");
    }

    [TestCase("output", "\"relative\"")]
    [TestCase("output", "\"/\"")]
    [TestCase("output", "\"/a\\u0000b\"")]
    [TestCase("recipe", "{}")]
    [TestCase("options", "null")]
    [TestCase("parts", "[null]")]
    [TestCase("inputs", "[{}]")]
    public void A_plan_that_lacks_something_is_refused(string member, string value)
    {
        Edit(plan => plan[member] = JsonNode.Parse(value));
        Failing.With(ErrorCode.BadPlan, () => _merge.Make(0));
    }

    [Test]
    public void Parts_of_another_plan_are_neither_used_nor_lost()
    {
        _merge.Make(0);
        string other = Recipe.Replace("0.5", "0.25", StringComparison.Ordinal);
        Failing.With(ErrorCode.OtherPlan, () => new PlannedMerge(_folder, other, Parts, options: Options, plan: "other.plan"));
        Failing.With(ErrorCode.OtherPlan, () => new PlannedMerge(_folder, Recipe, Parts + 1, options: Options, plan: "other.plan"));
        Assert.That(_merge.Make(0).BytesWritten, Is.Zero);
        var replacing = new PlannedMerge(_folder, other, 2, options: Options with { Unfinished = UnfinishedRun.Restart }, plan: "other.plan");
        Failing.With(ErrorCode.OtherPlan, () => _merge.Make(1));
        Failing.With(ErrorCode.OtherPlan, () => _merge.Join());
        replacing.MakeAll();
        replacing.Join();
        _folder.Merge(other, "other", Options);
        replacing.ExpectSame("other");
    }

    [Test]
    public void The_same_plan_made_again_keeps_the_parts()
    {
        _merge.Make(0);
        _merge = new PlannedMerge(_folder, Recipe, Parts, options: Options);
        Assert.That(_merge.Make(0).BytesWritten, Is.Zero);
        FinishAndExpectSame();
    }

    [Test]
    public void A_merge_in_one_run_and_a_join_do_not_mix()
    {
        _merge.MakeAll();
        using var cancel = new CancellationTokenSource();
        Assert.That(
            () => _merge.Join(cancel.Token, _ => cancel.Cancel()), Throws.InstanceOf<OperationCanceledException>());
        Failing.With(ErrorCode.UnfinishedRun, () => _folder.Merge(Recipe, options: Options));
        Failing.With(ErrorCode.ResumeMismatch, () => _folder.Merge(Recipe, options: Options with { Unfinished = UnfinishedRun.Resume }));
        Failing.With(ErrorCode.UnfinishedRun, () => new PlannedMerge(_folder, Recipe, Parts, options: Options));
        FinishAndExpectSame();
    }

    [Test]
    public void A_part_without_the_shared_folder_is_refused()
    {
        Directory.Delete(_merge.Parts, recursive: true);
        Failing.With(ErrorCode.PlanNotBegun, () => _merge.Make(0));
        Failing.With(ErrorCode.PlanNotBegun, () => _merge.Join());
    }

    [TestCase(-1)]
    [TestCase(Parts)]
    public void There_are_only_so_many_parts(int part) => Failing.With(ErrorCode.NoSuchPart, () => _merge.Make(part));

    [Test]
    public void Two_at_once_do_not_share_a_part()
    {
        string busy = "";
        _merge.Make(1, progress: _ => { if (busy == "") busy = Failing.With(ErrorCode.OutputBusy, () => _merge.Make(1)).Message; });
        Assert.That(busy, Does.Contain("part-00001"));
        FinishAndExpectSame();
    }

    [Test]
    public void Who_lost_the_part_without_locks_finds_out_before_it_ends()
    {
        bool taken = false;
        Failing.With(ErrorCode.PartTakenOver, () => _merge.Make(1, progress: _ =>
        {
            if (!taken)
                File.WriteAllText(_merge.Part(1, "owner"), "node7 1 2");
            taken = true;
        }));
        Assert.That(File.Exists(_merge.Part(1, "dem-part.json")), Is.False);
        FinishAndExpectSame();
    }

    [Test]
    public void Infinities_are_refused_when_the_parts_are_joined()
    {
        var infinite = Base.Select(tensor => tensor.Spec.Name != "t4" ? tensor : Values.Tensor("t4", ElementType.BF16, [ContentHash.LeafBytes], double.PositiveInfinity, 1)).ToArray();
        _folder.Model("infinite", infinite);
        string recipe = Recipe.Replace("model: a", "model: infinite", StringComparison.Ordinal);
        _folder.Merge(recipe, "as it is", Options with { NonFinite = NonFinitePolicy.Warn });
        var merge = new PlannedMerge(_folder, recipe, 3, "inf", Options);
        merge.MakeAll();
        Assert.That(Failing.With(ErrorCode.NonFiniteOutput, () => merge.Join()).Message, Does.Contain("t4"));
        merge.Join(nonFinite: NonFinitePolicy.Warn);
        merge.ExpectSame("as it is");
    }

    [Test]
    public void What_cannot_be_done_in_parts_is_said()
    {
        Failing.With(ErrorCode.NotInParts, () => new PlannedMerge(_folder, $"{Recipe}\nout_dtype: q8_0", Parts, "gguf"));
        Failing.With(ErrorCode.NotInParts, () => new PlannedMerge(_folder, $"{Recipe}\nname: one\n---\n{Recipe}\nname: two", Parts, "several"));
        Failing.With(ErrorCode.BadArgument, () => new PlannedMerge(_folder, Recipe, 0, "none"));
    }

    private static string Mismatch(Action act) => Failing.With(ErrorCode.PlanMismatch, act).Message;

    private void FinishAndExpectSame()
    {
        _merge.MakeAll();
        _merge.Join();
        _merge.ExpectSame("whole");
    }

    private void Edit(Action<JsonNode> change)
    {
        JsonNode plan = JsonNode.Parse(File.ReadAllText(_merge.Plan))!;
        change(plan);
        File.WriteAllText(_merge.Plan, plan.ToJsonString());
    }

    /// <summary>Changes a byte, without a trace in the file's time.</summary>
    private static void Damage(string path, long at)
    {
        DateTime time = File.GetLastWriteTimeUtc(path);
        using (var file = new FileStream(path, FileMode.Open))
        {
            file.Position = at < 0 ? file.Length + at : at;
            int there = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(there ^ 1));
        }

        File.SetLastWriteTimeUtc(path, time);
    }

    private static void Copy(string source, string target)
    {
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
    }
}
