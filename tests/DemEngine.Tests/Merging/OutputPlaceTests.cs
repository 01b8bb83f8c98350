using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Where an output may go, and what happens to what is there already.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class OutputPlaceTests
{
    private const string Recipe = """
        merge_method: task_arithmetic
        base_model: base
        models: [{model: a, parameters: {weight: 0.5}}]
        """;

    private static readonly RunOptions Overwrite = new() { Overwrite = true };

    private ModelFolder _folder = null!;

    [SetUp]
    public void WriteModels() => _folder = new ModelFolder()
        .Model("base", Values.Tensor("t", ElementType.F32, [2, 2], 1, 2, 3, 4))
        .Model("a", Values.Tensor("t", ElementType.F32, [2, 2], 3, 2, 1, 0));

    [TearDown]
    public void DeleteModels() => _folder.Dispose();

    [Test]
    public void An_existing_output_is_not_replaced_unasked()
    {
        _folder.Merge(Recipe);
        SortedDictionary<string, byte[]> before = _folder.Files("out");
        Failing.With(ErrorCode.OutputExists, () => _folder.Merge(Recipe.Replace("0.5", "1", StringComparison.Ordinal)));
        Assert.That(_folder.Files("out"), Is.EqualTo(before));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "base", "out" }));
    }

    [Test]
    public void An_empty_folder_is_filled([Values] bool overwrite)
    {
        Directory.CreateDirectory(_folder.PathOf("out"));
        _folder.Merge(Recipe, options: new RunOptions { Overwrite = overwrite });
        Assert.That(_folder.Files("out").Keys, Does.Contain("dem-manifest.json"));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "base", "out" }));
    }

    [Test]
    public void It_is_replaced_when_asked()
    {
        _folder.Merge(Recipe);
        File.WriteAllText(Path.Combine(_folder.PathOf("out"), "note.txt"), "of the old one");
        _folder.Merge(Recipe.Replace("0.5", "1", StringComparison.Ordinal), options: Overwrite);
        Assert.That(_folder.Values("out", "t"), Is.EqualTo(new double[] { 3, 2, 1, 0 }));
        Assert.That(_folder.Files("out").Keys, Does.Not.Contain("note.txt"));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "base", "out" }));
    }

    [Test]
    public void It_survives_a_run_that_fails()
    {
        _folder.Merge(Recipe);
        SortedDictionary<string, byte[]> before = _folder.Files("out");
        Assert.That(
            () => _folder.Merge(Recipe.Replace("0.5", "1", StringComparison.Ordinal), options: Overwrite, backend: new FailingBackend(0)),
            Throws.InstanceOf<InvalidDataException>());
        Assert.That(_folder.Files("out"), Is.EqualTo(before));
    }

    [Test]
    public void An_empty_folder_can_be_replaced()
    {
        Directory.CreateDirectory(_folder.PathOf("out"));
        _folder.Merge(Recipe, options: Overwrite);
        Assert.That(_folder.Values("out", "t"), Is.EqualTo(new double[] { 2, 2, 2, 2 }));
    }

    [Test]
    public void A_folder_of_somebody_else_is_not_replaced()
    {
        Directory.CreateDirectory(_folder.PathOf("out"));
        File.WriteAllText(_folder.PathOf("out/thesis.tex"), "ten years");
        Failing.With(ErrorCode.OutputNotOurs, () => _folder.Merge(Recipe, options: Overwrite));
        Assert.That(File.ReadAllText(_folder.PathOf("out/thesis.tex")), Is.EqualTo("ten years"));
    }

    [Test]
    public void A_file_is_not_replaced([Values] bool overwrite)
    {
        File.WriteAllText(_folder.PathOf("out"), "ten years");
        Failing.With(ErrorCode.OutputNotOurs, () => _folder.Merge(Recipe, options: new RunOptions { Overwrite = overwrite }));
        Assert.That(File.ReadAllText(_folder.PathOf("out")), Is.EqualTo("ten years"));
    }

    [Test]
    public void What_takes_the_name_during_the_run_is_not_replaced([Values] bool overwrite)
    {
        void TakeTheName(RunProgress at)
        {
            Directory.CreateDirectory(_folder.PathOf("out"));
            File.WriteAllText(_folder.PathOf("out/thesis.tex"), "ten years");
        }

        ErrorCode code = overwrite ? ErrorCode.OutputNotOurs : ErrorCode.OutputExists;
        Failing.With(code, () => _folder.Merge(Recipe, options: new RunOptions { Overwrite = overwrite }, progress: TakeTheName));
        Assert.That(File.ReadAllText(_folder.PathOf("out/thesis.tex")), Is.EqualTo("ten years"));

        Directory.Delete(_folder.PathOf("out"), recursive: true);
        Assert.That(_folder.Merge(Recipe, options: new RunOptions { Unfinished = UnfinishedRun.Resume }).Resumed, Is.EqualTo(1), "the work is not lost");
    }

    [TestCase("a")]
    [TestCase("a/")]
    [TestCase("a//")]
    [TestCase("a/.")]
    [TestCase("base/../a")]
    [TestCase("a/out")]
    [TestCase("a/deep/out")]
    [TestCase("")]
    [TestCase("link")]
    [TestCase("link/")]
    [TestCase("link/out")]
    [TestCase("link/../link")]
    [TestCase("chain/out")]
    public void An_output_that_overlaps_an_input_is_refused(string output)
    {
        Directory.CreateSymbolicLink(_folder.PathOf("link"), _folder.PathOf("a"));
        Directory.CreateSymbolicLink(_folder.PathOf("chain"), "link");
        DemException error = Failing.With(ErrorCode.OutputOverlapsInput, () => _folder.Merge(Recipe, output, Overwrite));
        Assert.That(error.Message, Does.Match("it (is|holds|lies in) the input "));
    }

    [TestCase("out")]
    [TestCase("out/inner")]
    [TestCase("out/inner/deep")]
    [TestCase("base/deep")]
    [TestCase(".")]
    public void An_output_that_overlaps_an_input_behind_a_link_is_refused(string output)
    {
        // The recipe names a link; what it leads to lies in the output, or holds it.
        Directory.Move(_folder.PathOf("base"), _folder.PathOf("hidden"));
        Directory.CreateDirectory(_folder.PathOf("out"));
        Directory.Move(_folder.PathOf("hidden"), _folder.PathOf("out/inner"));
        Directory.CreateSymbolicLink(_folder.PathOf("base"), _folder.PathOf("out/inner"));
        Failing.With(ErrorCode.OutputOverlapsInput, () => _folder.Merge(Recipe, output, Overwrite));
    }

    [Test]
    public void An_output_that_holds_a_shard_behind_a_link_is_refused()
    {
        Directory.CreateDirectory(_folder.PathOf("out"));
        File.Move(_folder.PathOf("a/model.safetensors"), _folder.PathOf("out/blob"));
        File.CreateSymbolicLink(_folder.PathOf("a/model.safetensors"), "../out/blob");
        Failing.With(ErrorCode.OutputOverlapsInput, () => _folder.Merge(Recipe, options: Overwrite));
    }

    [Test]
    public void A_relative_output_is_recognised()
    {
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, _folder.PathOf("a"));
        using MergePlan plan = _folder.Plan(Recipe);
        using var backend = new FailingBackend(0);
        Failing.With(ErrorCode.OutputOverlapsInput, () => OutputRun.Execute(plan.Plan, relative, backend, Overwrite));
    }

    [Test]
    public void A_neighbour_with_the_same_beginning_does_not_overlap()
    {
        _folder.Merge(Recipe, "a2");
        Assert.That(Manifest.Read(_folder.PathOf("a2")).Operation, Is.EqualTo("merge"));
    }

    [Test]
    public void An_output_behind_a_link_is_replaced_where_it_lies()
    {
        _folder.Merge(Recipe, "real");
        Directory.CreateSymbolicLink(_folder.PathOf("out"), _folder.PathOf("real"));
        _folder.Merge(Recipe.Replace("0.5", "1", StringComparison.Ordinal), options: Overwrite);
        Assert.That(_folder.Values("real", "t"), Is.EqualTo(new double[] { 3, 2, 1, 0 }));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "base", "out", "real" }));
        Assert.That(new FileInfo(_folder.PathOf("out")).LinkTarget, Is.Not.Null);
    }

    [Test]
    public void Folders_on_the_way_are_made()
    {
        _folder.Merge(Recipe, "deep/er/out");
        Assert.That(_folder.Values("deep/er/out", "t"), Is.EqualTo(new double[] { 2, 2, 2, 2 }));
    }

    [Test]
    public void The_root_is_refused() =>
        Failing.With(ErrorCode.BadArgument, () => StagingDirectory.Check("/", [], Overwrite));

    [Test]
    public void Too_little_memory_is_refused([Values] IoMode io)
    {
        long tiles = ContentHash.LeafBytes * (io is IoMode.Mmap or IoMode.Auto ? 1 : 1 + (2 * 8));
        long enough = tiles;
        while (io == IoMode.Direct && enough - ShardReaders.AheadBytes(enough) < tiles)
            enough++;
        Failing.With(ErrorCode.BadArgument, () => _folder.Merge(Recipe, options: new RunOptions { Io = io, MaxMemoryBytes = enough - 1 }));
        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "base" }));
        _folder.Merge(Recipe, options: new RunOptions { Io = io, MaxMemoryBytes = enough });
    }
}
