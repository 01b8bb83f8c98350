using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>A run that did not finish: what is left of it, and how the next one goes on.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ResumeTests
{
    private const string Recipe = """
        merge_method: dem
        base_model: base
        models: [{model: a, parameters: {weight: 0.5}}]
        """;

    private const int Tensors = 6;
    private const int TilesEach = 2;
    private const string Staging = ".out.dem-unfinished";

    private static readonly RunOptions OneThread = new() { Threads = 1, TileBytes = ContentHash.LeafBytes };
    private static readonly RunOptions Resume = OneThread with { Unfinished = UnfinishedRun.Resume };

    private static readonly (TensorSpec Spec, byte[] Bytes)[] Base =
        [.. Enumerable.Range(0, Tensors).Select(k => Values.Tensor($"t{k}", ElementType.BF16, [ContentHash.LeafBytes], k + 1, 2, 3))];

    private static readonly (TensorSpec Spec, byte[] Bytes)[] Tuned = [.. Base.Select(tensor => Values.Moved(tensor, 1, ElementType.BF16))];

    private ModelFolder _folder = null!;
    private SortedDictionary<string, byte[]>? _inOneGo;

    private string Journal => Path.Combine(_folder.PathOf(Staging), "dem-journal.jsonl");

    private string Shard => Path.Combine(_folder.PathOf(Staging), Checkpoint.SingleFileName);

    [SetUp]
    public void WriteModels() => _folder = new ModelFolder().Model("base", Base).Model("a", Tuned);

    [TearDown]
    public void DeleteModels() => _folder.Dispose();

    [Test]
    public void What_is_finished_is_not_made_again([Range(1, (Tensors * TilesEach) - 1)] int tiles)
    {
        Stop(tiles);
        Assert.That(_folder.Names, Is.EqualTo(new[] { Staging, "a", "base" }), "nothing stands under the output's name");
        var backend = new FailingBackend(failAt: int.MaxValue);
        Assert.That(_folder.Merge(Recipe, options: Resume, backend: backend).Resumed, Is.EqualTo(tiles / TilesEach));
        Assert.That(backend.Calls, Is.EqualTo((Tensors - (tiles / TilesEach)) * TilesEach));
        AssertAsInOneGo();
    }

    [Test]
    public void A_run_can_be_stopped_again_and_again()
    {
        Stop(3);
        for (int k = 0; k < 4; k++)
            Stop(3, Resume);
        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.EqualTo(5));
        AssertAsInOneGo();
    }

    [Test]
    public void The_same_plan_can_be_carried_out_again([Values("dem", "slerp")] string method)
    {
        string parameters = method == "slerp" ? "parameters: {t: 0.5}" : "parameters: {weight: 0.5}";
        using MergePlan plan = _folder.Plan($"merge_method: {method}\nbase_model: base\nmodels: [{{model: a}}]\n{parameters}");
        using var cancel = new CancellationTokenSource();
        int tiles = 0;
        void Run(RunOptions options) => OutputRun.Execute(
            plan.Plan, _folder.PathOf("out"), new CpuBackend(), options, _ => { if (++tiles == 7) cancel.Cancel(); }, cancel.IsCancellationRequested ? default : cancel.Token);

        Assert.That(() => Run(OneThread), Throws.InstanceOf<OperationCanceledException>());
        Run(Resume);
        Assert.That(_folder.Names, Does.Contain("out").And.Not.Contain(Staging));
    }

    [Test]
    public void A_finished_tensor_whose_bytes_were_damaged_is_made_again()
    {
        Stop(5);
        using (FileStream shard = File.Open(Shard, FileMode.Open, FileAccess.ReadWrite))
        {
            shard.Position = shard.Length - (Tensors * 2L * ContentHash.LeafBytes) + 12345; // In the first tensor.
            shard.WriteByte(0xEE);
        }

        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.EqualTo(1));
        AssertAsInOneGo();
    }

    [Test]
    public void A_finished_tensor_whose_bytes_are_gone_is_made_again()
    {
        Stop(5);
        File.Delete(Shard);
        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.Zero);
        AssertAsInOneGo();
    }

    [Test]
    public void A_shard_has_its_full_length_from_the_start()
    {
        Stop(1);
        Assert.That(new FileInfo(Shard).Length, Is.GreaterThan(Tensors * 2L * ContentHash.LeafBytes));
    }

    [Test]
    public void A_torn_line_costs_its_tensor_alone([Values("{\"Tensor\":\"t2\",\"Ha", "{}\n", "null\n", "\n", "\0\0\0\0", "[")] string rest)
    {
        Stop(5);
        File.AppendAllText(Journal, rest);
        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.EqualTo(2));
        AssertAsInOneGo();
    }

    [Test]
    public void A_torn_last_byte_costs_the_last_tensor()
    {
        Stop(5);
        using (FileStream journal = File.Open(Journal, FileMode.Open))
            journal.SetLength(journal.Length - 1);
        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.EqualTo(1));
        AssertAsInOneGo();
    }

    [Test]
    public void A_torn_first_line_costs_everything([Values("", "{\"Pl", "\0\0\0\n")] string text)
    {
        Stop(5);
        File.WriteAllText(Journal, text);
        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.Zero);
        AssertAsInOneGo();
    }

    [Test]
    public void Another_recipe_does_not_go_on_with_it()
    {
        Stop(5);
        Failing.With(ErrorCode.ResumeMismatch, () => _folder.Merge(Recipe.Replace("0.5", "0.50000001", StringComparison.Ordinal), options: Resume));
        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.EqualTo(2), "the refusal harmed nothing");
    }

    [Test]
    public void Other_shards_do_not_go_on_with_it()
    {
        Stop(5);
        Failing.With(ErrorCode.ResumeMismatch, () => _folder.Merge(Recipe, options: Resume with { MaxShardBytes = 1 << 20 }));
    }

    [Test]
    public void Other_inputs_do_not_go_on_with_it()
    {
        Stop(5);
        _folder.Model("a", [.. Base.Select(tensor => Values.Moved(tensor, 2, ElementType.BF16))]);
        Failing.With(ErrorCode.ResumeMismatch, () => _folder.Merge(Recipe, options: Resume));
    }

    [Test]
    public void Without_a_word_it_is_left_alone()
    {
        Stop(5);
        Failing.With(ErrorCode.UnfinishedRun, () => _folder.Merge(Recipe, options: OneThread));
        Assert.That(_folder.Merge(Recipe, options: Resume).Resumed, Is.EqualTo(2));
    }

    [Test]
    public void Nothing_can_not_be_resumed()
    {
        Failing.With(ErrorCode.NothingToResume, () => _folder.Merge(Recipe, options: Resume));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "base" }));
    }

    [Test]
    public void Restart_discards_it()
    {
        Stop(5);
        Directory.CreateDirectory(Path.Combine(_folder.PathOf(Staging), "stray"));
        Assert.That(_folder.Merge(Recipe, options: OneThread with { Unfinished = UnfinishedRun.Restart }).Resumed, Is.Zero);
        AssertAsInOneGo();
    }

    [Test]
    public void Restart_needs_nothing_to_discard() =>
        Assert.That(_folder.Merge(Recipe, options: OneThread with { Unfinished = UnfinishedRun.Restart }).Resumed, Is.Zero);

    [Test]
    public void Stale_files_are_not_published()
    {
        Stop(5);
        File.WriteAllText(Path.Combine(_folder.PathOf(Staging), "tokenizer.json"), "of an earlier attempt");
        _folder.Merge(Recipe, options: Resume);
        AssertAsInOneGo();
    }

    [Test]
    public void A_run_in_progress_is_busy([Values] UnfinishedRun unfinished)
    {
        DemException? error = null;
        _folder.Merge(Recipe, options: OneThread, progress: _ =>
            error ??= Assert.Throws<DemException>(() => _folder.Merge(Recipe, options: OneThread with { Unfinished = unfinished })));
        Assert.That(error!.Code, Is.SameAs(ErrorCode.OutputBusy));
        AssertAsInOneGo();
    }

    [Test]
    public void A_backend_that_fails_leaves_a_run_to_resume([Values(0, 1, 4, 11)] int call, [Values(1, 3)] int threads)
    {
        RunOptions options = OneThread with { Threads = threads };
        Assert.That(() => _folder.Merge(Recipe, options: options, backend: new FailingBackend(call)), Throws.InstanceOf<InvalidDataException>());
        Assert.That(_folder.Names, Is.EqualTo(new[] { Staging, "a", "base" }));
        _folder.Merge(Recipe, options: Resume);
        AssertAsInOneGo();
    }

    [Test]
    public void An_input_that_changes_is_noticed([Values] IoMode io)
    {
        bool changed = false;
        Failing.With(ErrorCode.InputChanged, () => _folder.Merge(Recipe, options: OneThread with { Io = io }, progress: _ =>
        {
            if (!changed)
                File.SetLastWriteTimeUtc(Path.Combine(_folder.PathOf("a"), Checkpoint.SingleFileName), new DateTime(2001, 1, 1));
            changed = true;
        }));
        Assert.That(_folder.Names, Is.EqualTo(new[] { Staging, "a", "base" }));
    }

    /// <summary>Runs until so many tiles are done.</summary>
    private void Stop(int tiles, RunOptions? options = null)
    {
        using var cancel = new CancellationTokenSource();
        int done = 0;
        Assert.That(
            () => _folder.Merge(
                Recipe,
                options: options ?? OneThread,
                progress: at =>
                {
                    if (at.Phase == "merge" && ++done == tiles)
                        cancel.Cancel();
                },
                cancel: cancel.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private void AssertAsInOneGo()
    {
        if (_inOneGo is null)
        {
            _folder.Merge(Recipe, "in-one-go", OneThread);
            _inOneGo = _folder.Files("in-one-go");
        }

        SortedDictionary<string, byte[]> files = _folder.Files("out");
        Assert.That(files.Keys, Is.EqualTo(_inOneGo.Keys));
        foreach (var (name, bytes) in files)
            Assert.That(bytes.AsSpan().SequenceEqual(_inOneGo[name]), name);
        Assert.That(_folder.Names, Does.Not.Contain(Staging));
    }
}
