using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Recipes;

namespace DemEngine.Tests.Merging;

/// <summary>Recipes that use each other's results give, bit for bit, what they give one by one.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class StageTests
{
    // Every recipe names its result "out/NAME", which is a folder when they are run one by one.
    private static readonly Dictionary<string, string[]> Chains = new()
    {
        ["sums of sums"] =
        [
            "name: out/one\nmerge_method: dem\nbase_model: base\nmodels: [{model: a, parameters: {weight: 0.7}}, {vector: delta, parameters: {weight: 0.3}}]\nout_dtype: float16",
            "name: out/two\nmerge_method: linear\nmodels: [{model: out/one, parameters: {weight: 1}}, {model: b, parameters: {weight: 2}}]",
            "merge_method: task_arithmetic\nbase_model: out/one\nmodels: [{model: out/two, parameters: {weight: 0.4}}, {model: base, parameters: {weight: 0.6}}]\nout_dtype: bfloat16",
        ],
        ["a measured result in a sum"] =
        [
            "name: out/one\nmerge_method: slerp\nbase_model: base\nmodels: [{model: far}]\nparameters: {t: 0.3}\nout_dtype: bfloat16",
            "merge_method: linear\nmodels: [{model: out/one, parameters: {weight: 1}}, {model: b, parameters: {weight: 2}}]\nout_dtype: float32",
        ],
        ["measured results measured"] =
        [
            "name: out/one\nmerge_method: slerp\nbase_model: base\nmodels: [{model: far}]\nparameters: {t: 0.3}",
            "name: out/two\nmerge_method: model_stock\nbase_model: base\nmodels: [{model: a}, {model: b}]",
            "merge_method: slerp\nbase_model: out/one\nmodels: [{model: out/two}]\nparameters: {t: 0.6}",
        ],
        ["cuts through what was drawn"] =
        [
            "name: out/one\nmerge_method: dare_linear\nbase_model: base\nmodels: [{model: a, parameters: {weight: 0.7}}, {vector: delta, parameters: {weight: 0.5}}]\nparameters: {density: 0.5}",
            "merge_method: ties\nbase_model: base\nmodels: [{model: out/one, parameters: {weight: 1}}, {model: b, parameters: {weight: 0.5}}]\nparameters: {density: 0.3}\nout_dtype: bfloat16",
        ],
        ["one result in two places"] =
        [
            "name: out/one\nmerge_method: slerp\nbase_model: base\nmodels: [{model: far}]\nparameters: {t: 0.3}\nout_dtype: bfloat16",
            "name: out/two\nmerge_method: linear\nmodels: [{model: out/one, parameters: {weight: 1}}, {model: a, parameters: {weight: 1}}]",
            "name: out/three\nmerge_method: linear\nmodels: [{model: out/one, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]",
            "merge_method: slerp\nbase_model: out/two\nmodels: [{model: out/three}]\nparameters: {t: 0.5}",
        ],
    };

    private AwkwardFamily _family = null!;

    [OneTimeSetUp]
    public void WriteTheFamily() => _family = new AwkwardFamily();

    [OneTimeTearDown]
    public void DeleteTheFamily() => _family.Dispose();

    [Test]
    public void Results_used_by_name_give_the_bytes_of_results_that_were_written(
        [Values("sums of sums", "a measured result in a sum", "measured results measured", "cuts through what was drawn", "one result in two places")] string chain,
        [Values] IoMode io)
    {
        string[] recipes = [.. Chains[chain].Select(recipe => recipe.Replace("out/", $"{io} {chain}/", StringComparison.Ordinal))];
        var options = new RunOptions { Io = io, TileBytes = 2 * ContentHash.LeafBytes, Threads = 3, MaxShardBytes = 900_000 };
        foreach (string recipe in recipes)
        {
            string name = recipe.StartsWith("name: ", StringComparison.Ordinal) ? recipe.Split('\n')[0]["name: ".Length..] : $"{io} {chain}/result";
            _family.Folder.Merge(recipe, name, new RunOptions { MaxShardBytes = options.MaxShardBytes });
        }

        string[] before = _family.Folder.Names;
        _family.Folder.Merge(string.Join("\n---\n", recipes), $"together {io} {chain}", options);
        Assert.That(_family.Folder.Names, Is.EquivalentTo(before.Append($"together {io} {chain}")), "nothing else is written");
        SortedDictionary<string, byte[]> expected = _family.Folder.Files($"{io} {chain}/result");
        SortedDictionary<string, byte[]> actual = _family.Folder.Files($"together {io} {chain}");
        Assert.That(actual.Keys, Is.EqualTo(expected.Keys));
        foreach (var (file, bytes) in expected.Where(file => !ModelFolder.NamesTheRecipe(file.Key)))
            Assert.That(actual[file].AsSpan().SequenceEqual(bytes), $"{file} from byte {actual[file].AsSpan().CommonPrefixLength(bytes)}");
    }

    [Test]
    public void Memory_and_threads_do_not_show()
    {
        string recipe = string.Join("\n---\n", Chains["one result in two places"]);
        _family.Folder.Merge(recipe, "one", new RunOptions { Threads = 1 });
        _family.Folder.Merge(recipe, "other", new RunOptions { Threads = 4, MaxMemoryBytes = 4 * 60L * ContentHash.LeafBytes, Io = IoMode.Pread });
        foreach (var (file, bytes) in _family.Folder.Files("one"))
            Assert.That(_family.Folder.Files("other")[file].AsSpan().SequenceEqual(bytes), file);
    }

    [Test]
    public void The_buffers_of_results_count_in_the_bound()
    {
        string recipe = string.Join("\n---\n", Chains["one result in two places"]);
        var options = new RunOptions { Threads = 2, TileBytes = ContentHash.LeafBytes };
        using MergePlan plan = _family.Folder.Plan(recipe, options);
        // Of the three results a tile takes each once, beside the output; an element may be twice or four times as wide as the output's.
        Assert.That(plan.Plan.BufferBytes(options), Is.GreaterThanOrEqualTo(2 * 4L * ContentHash.LeafBytes));
        Failing.With(ErrorCode.BadArgument, () => plan.Plan.BufferBytes(options with { MaxMemoryBytes = 2 * ContentHash.LeafBytes }));
    }

    [Test]
    public void A_run_goes_on_where_it_stopped()
    {
        string recipe = string.Join("\n---\n", Chains["measured results measured"]);
        _family.Folder.Merge(recipe, "whole");
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => _family.Folder.Merge(
            recipe, "stopped", new RunOptions { Threads = 1 }, progress: progress => { if (progress.BytesDone > progress.BytesTotal / 2) stop.Cancel(); }, cancel: stop.Token));
        RunReport report = _family.Folder.Merge(recipe, "stopped", new RunOptions { Unfinished = UnfinishedRun.Resume });
        Assert.That(report.Resumed, Is.Positive);
        foreach (var (file, bytes) in _family.Folder.Files("whole"))
            Assert.That(_family.Folder.Files("stopped")[file].AsSpan().SequenceEqual(bytes), file);
    }

    [Test]
    public void The_manifest_holds_every_recipe_and_every_checkpoint()
    {
        string recipe = string.Join("\n---\n", Chains["sums of sums"]);
        _family.Folder.Merge(recipe, "with manifest");
        Manifest manifest = Manifest.Read(_family.Folder.PathOf("with manifest"));
        Assert.That(RecipeReader.Parse(manifest.Recipe!, "m"), Is.EqualTo(RecipeReader.Parse(recipe, "r")));
        Assert.That(manifest.Inputs.Select(input => (input.Role, input.Path)), Is.EqualTo(
            [("model", "base"), ("base", "base"), ("model", "a"), ("vector", "delta"), ("model", "b")]));
    }

    [Test]
    public void Results_measured_row_by_row_are_as_they_would_be_written()
    {
        using LayeredModels models = new LayeredModels().Add("a", 2, 1).Add("b", 2, 2).Add("c", 2, 3);
        const string First = "merge_method: nuslerp\nmodels: [{model: a, parameters: {weight: 0.7}}, {model: b, parameters: {weight: 0.3}}]\nparameters: {nuslerp_flatten: false}";
        string Second(string first) => $"merge_method: nuslerp\nmodels: [{{model: {first}}}, {{model: c}}]\nparameters: {{weight: 0.5, nuslerp_flatten: false}}";
        models.Folder.Merge(First, "first");
        models.Folder.Merge(Second("first"), "separate");
        models.Folder.Merge($"name: stage\n{First}\n---\n{Second("stage")}");
        foreach (var (file, bytes) in models.Folder.Files("separate").Where(file => !ModelFolder.NamesTheRecipe(file.Key)))
            Assert.That(models.Folder.Files("out")[file], Is.EqualTo(bytes), file);
    }

    [Test]
    public void Slices_are_cut_from_results_too()
    {
        using LayeredModels models = new LayeredModels().Add("a", 4, 1).Add("b", 6, 2);
        const string First = "merge_method: passthrough\nslices: [{sources: [{model: a, layer_range: [0, 3]}]}, {sources: [{model: b, layer_range: [3, 6]}]}]";
        string Second(string first) => $"merge_method: linear\nslices: [{{sources: [{{model: {first}, layer_range: [1, 6]}}, {{model: b, layer_range: [0, 5]}}]}}]\nparameters: {{weight: [1, 2]}}";
        models.Folder.Merge(First, "first");
        models.Folder.Merge(Second("first"), "separate");
        models.Folder.Merge($"name: stack\n{First}\n---\n{Second("stack")}");
        foreach (var (file, bytes) in models.Folder.Files("separate").Where(file => !ModelFolder.NamesTheRecipe(file.Key)))
            Assert.That(models.Folder.Files("out")[file], Is.EqualTo(bytes), file);
    }

    [Test]
    public void A_vector_was_extracted_from_no_result()
    {
        Failing.With(ErrorCode.WrongValue, () => _family.Folder.Merge(
            Chains["a measured result in a sum"][0] + "\n---\nmerge_method: dem\nbase_model: out/one\nmodels: [{vector: delta, parameters: {weight: 1}}]", "x"));
        Failing.With(ErrorCode.WrongValue, () => _family.Folder.Merge(
            Chains["a measured result in a sum"][0] + "\n---\nmerge_method: dem\nbase_model: base\nmodels: [{vector: out/one, parameters: {weight: 1}}]", "x"));
    }

    [Test]
    public void Mistakes_in_an_earlier_recipe_are_found_before_anything_is_read()
    {
        string recipe = "name: s\nmerge_method: linear\nmodels: [{model: a, parameters: {wieght: 1}}]\n---\nmerge_method: linear\nmodels: [{model: s}]";
        DemException error = Failing.With(ErrorCode.UnknownKey, () => MergePlanner.CheckRecipe(RecipeReader.Parse(recipe, "r.yaml")));
        Assert.That(error.Message, Does.Contain("r.yaml:3: models[0].parameters.wieght"));
    }

    [TestCase("layer")]
    [TestCase("model")]
    public void What_is_measured_over_several_tensors_is_refused(string scope)
    {
        string ties = $"merge_method: ties\nbase_model: base\nmodels: [{{model: MODEL, parameters: {{weight: 1, density: 0.5}}}}]\nparameters: {{scope: {scope}}}";
        const string Sum = "merge_method: linear\nmodels: [{model: MODEL, parameters: {weight: 1}}, {model: b, parameters: {weight: 2}}]";
        foreach (var (first, second) in new[] { (ties, Sum), (Sum, ties) })
        {
            DemException error = Failing.With(ErrorCode.UnsupportedFeature, () => _family.Folder.Merge(
                $"name: s\n{first.Replace("MODEL", "a", StringComparison.Ordinal)}\n---\n{second.Replace("MODEL", "s", StringComparison.Ordinal)}", "x"));
            Assert.That(error.Message, Does.Contain("scope"));
        }
    }

    [Test]
    public void Merges_in_memory_take_earlier_recipes_too()
    {
        string text = string.Join("\n---\n", Chains["a measured result in a sum"]);
        _family.Folder.Merge(text, "on disk");
        Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse(text, "r.yaml"), _family.Folder.Path);
        using var merge = MemoryMerge.Open(recipe, new AlignmentOptions(), new CpuBackend(), new RunOptions());
        for (int times = 0; times < 2; times++)
        {
            ITensorData tensor = merge.Merge(recipe).Find("model.layers.0.leaf_and_one")!;
            Assert.That(
                tensor.Read(0, (int)tensor.Spec.Shape.ElementCount, default).Bytes.Span.SequenceEqual(_family.Folder.Bytes("on disk", "model.layers.0.leaf_and_one")));
        }
    }
}
