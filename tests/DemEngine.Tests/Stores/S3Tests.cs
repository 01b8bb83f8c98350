using System.Collections.Concurrent;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Remote.S3;
using DemEngine.Stores;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Stores;

[NonParallelizable]
internal sealed class S3Tests
{
    private static readonly RunOptions Options = new() { Threads = 2, MaxMemoryBytes = 128_000_000, MaxShardBytes = 7_000_000 };

    private ModelFolder _models = null!;
    private S3Server _server = null!;

    [OneTimeSetUp]
    public void MakeModels()
    {
        _models = new ModelFolder();
        foreach (string name in new[] { "one", "two" })
        {
            TestCheckpoint.Write(
                _models.PathOf(name),
                [
                    .. Enumerable.Range(0, 4).Select(layer => Values.Random($"model.layers.{layer}.weight", ElementType.BF16, [1500, 1100], layer + name[0])),
                    Values.Random("model.norm.weight", ElementType.F32, [1100], name[0]),
                ],
                maxShardBytes: 7_000_000);
            _models.File(name, "config.json", """{"model_type":"llama","num_hidden_layers":4}""");
            _models.File(name, "tokenizer_config.json", "{}");
        }

        _models.Merge(Recipe(""), "local", Options);
    }

    [OneTimeTearDown]
    public void RemoveModels() => _models.Dispose();

    [SetUp]
    public void StartServer()
    {
        _server = new S3Server { PageLength = 3 };
        _server.Add("bucket/models/one", _models.PathOf("one"));
        _server.Add("bucket/models/two", _models.PathOf("two"));
        Use((S3Server.Access, S3Server.Secret));
    }

    [TearDown]
    public void StopServer() => _server.Dispose();

    [Test]
    public void A_merge_of_models_in_S3_has_the_bytes_of_a_merge_of_local_ones()
    {
        string output = Name();
        _models.Merge(Recipe("s3://bucket/models/"), output, Options);
        WebModelTests.AssertSame(_models, "local", output);
    }

    [Test]
    public void An_object_that_changes_while_it_is_read_is_an_error()
    {
        int parts = 0;
        _server.Before = request =>
        {
            if (request.Range is { } range && range.Last - range.First > 200_000 && Interlocked.Increment(ref parts) == 2)
                _server.Objects["bucket/models/one/model-00002-of-00002.safetensors"] = [1, 2, 3];
            return null;
        };
        DemException e = Assert.Throws<DemException>(() => _models.Merge(Recipe("s3://bucket/models/"), "changed", Options))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.InputChanged));
            Assert.That(Directory.Exists(_models.PathOf("changed")), Is.False);
        });
    }

    [TestCase("s3://bucket/models/none", 2070)]
    [TestCase("s3://b", 1050)]
    public void A_place_that_is_not_there_is_an_error_of_its_name(string address, int code) =>
        Assert.That(
            () => _models.Plan($"merge_method: passthrough\nmodels:\n- model: {address}\n"),
            Throws.TypeOf<DemException>().With.Property("Code").Property("Number").EqualTo(code));

    [Test]
    public void Wrong_keys_are_an_error_that_says_what_to_check()
    {
        Use((S3Server.Access, "another"));
        DemException e = Assert.Throws<DemException>(() => _models.Plan(Recipe("s3://bucket/models/")))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Code, Is.EqualTo(ErrorCode.StoreAccessRefused));
            Assert.That(e.Remedy, Does.Contain("credentials"));
        });
    }

    [TestCase(503, "SlowDown")]
    [TestCase(500, "InternalError")]
    [TestCase(429, "TooManyRequests")]
    public void A_store_that_is_busy_for_a_while_does_not_show_in_the_bytes(int status, string code)
    {
        // A request that is made again succeeds, so that faults are no matter of chance.
        var asked = new ConcurrentDictionary<string, bool>();
        int count = 0;
        _server.Twist = (request, answer, _) =>
            answer.Status is 200 or 206 && asked.TryAdd($"{request.Method} {request.Path} {request.Query} {request.Range?.Last}", true)
            && Interlocked.Increment(ref count) % 3 == 0
            ? WebAnswer.Of(status, $"<Error><Code>{code}</Code><Message>wait</Message></Error>") : answer;
        string output = Name();
        Write(Recipe("s3://bucket/models/"), $"s3://bucket/{output}");
        AssertStored(output);
    }

    [Test]
    public void An_output_in_S3_has_the_bytes_of_a_local_one_and_its_configuration_comes_last()
    {
        Write(Recipe(""), "s3://bucket/new/model/");
        AssertStored("new/model");
        string[] order = [.. _server.Published];
        Assert.Multiple(() =>
        {
            Assert.That(order[^2..], Is.EqualTo(new[] { "bucket/new/model/model.safetensors.index.json", "bucket/new/model/config.json" }));
            Assert.That(_server.Unfinished, Is.Zero);
            Assert.That(_models.Names, Has.None.Contains("new"));
        });
    }

    [Test]
    public void An_output_in_S3_is_verified_by_its_own_manifest_when_it_is_read()
    {
        Write(Recipe(""), "s3://bucket/verified");
        using var stored = Checkpoint.Open("s3://bucket/verified");
        using var local = Checkpoint.Open(_models.PathOf("local"));
        Assert.That(Fingerprint.Of(stored), Is.EqualTo(Fingerprint.Of(local)));
    }

    [Test]
    public void An_output_that_is_there_is_kept_unless_it_is_to_be_replaced()
    {
        Write(Recipe(""), "s3://bucket/kept");
        _server.Objects["bucket/kept/old.txt"] = [1];
        byte[] before = _server.Objects["bucket/kept/config.json"];
        Assert.That(() => Write(Recipe(""), "s3://bucket/kept"), Fails(ErrorCode.OutputExists));
        Assert.That(_server.Objects["bucket/kept/config.json"], Is.SameAs(before));
        _server.Published.Clear();
        Write(Recipe(""), "s3://bucket/kept", Options with { Overwrite = true });
        AssertStored("kept");
        string[] order = [.. _server.Published];
        Assert.Multiple(() =>
        {
            Assert.That(_server.Objects.Keys, Has.No.Member("bucket/kept/old.txt"));
            Assert.That(Array.IndexOf(order, "-bucket/kept/config.json"), Is.LessThan(Array.FindIndex(order, name => !name.StartsWith('-'))));
        });
    }

    [Test]
    public void What_this_tool_did_not_write_is_never_replaced()
    {
        Assert.That(
            () => Write(Recipe(""), "s3://bucket/models/two", Options with { Overwrite = true }), Fails(ErrorCode.OutputNotOurs));
        Assert.That(
            () => Write(Recipe("s3://bucket/models/"), "s3://bucket/models", Options with { Overwrite = true }),
            Fails(ErrorCode.OutputOverlapsInput));
    }

    [TestCase("PUT", "partNumber")]
    [TestCase("POST", "uploadId")]
    [TestCase("PUT", "tokenizer_config.json")]
    public void An_output_that_fails_leaves_nothing_unfinished_and_no_configuration(string method, string part)
    {
        _server.Before = request => request.Method == method && (request.Path + request.Query).Contains(part, StringComparison.Ordinal)
            ? WebAnswer.Of(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>") : null;
        Assert.That(() => Write(Recipe(""), "s3://bucket/failed"), Fails(ErrorCode.StoreAccessRefused));
        Assert.Multiple(() =>
        {
            Assert.That(_server.Unfinished, Is.Zero);
            Assert.That(
                _server.Objects.Keys.Where(name => name.StartsWith("bucket/failed/", StringComparison.Ordinal)),
                Has.None.EndsWith("/config.json").And.None.EndsWith("index.json").And.None.EndsWith("safetensors"));
        });
    }

    [Test]
    public void A_run_that_is_stopped_discards_what_it_sent()
    {
        using var stop = new CancellationTokenSource();
        _server.Before = request =>
        {
            if (request.Query.Contains("partNumber", StringComparison.Ordinal))
                stop.Cancel();
            return null;
        };
        Assert.That(() => Write(Recipe(""), "s3://bucket/stopped", Options, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.Multiple(() =>
        {
            Assert.That(_server.Unfinished, Is.Zero);
            Assert.That(_server.Objects.Keys, Has.None.StartsWith("bucket/stopped"));
        });
    }

    [Test]
    public void An_input_that_changes_lets_nothing_be_seen()
    {
        _server.Before = request =>
        {
            if (request.Method == "HEAD")
                _server.Objects["bucket/models/two/model-00001-of-00002.safetensors"] = [1];
            return null;
        };
        Assert.That(() => Write(Recipe("s3://bucket/models/"), "s3://bucket/late"), Fails(ErrorCode.InputChanged));
        Assert.That(_server.Objects.Keys, Has.None.StartsWith("bucket/late"));
    }

    [Test]
    public void A_run_into_a_store_cannot_be_resumed_and_a_web_server_is_no_place_for_outputs()
    {
        Assert.That(
            () => Write(Recipe(""), "s3://bucket/r", Options with { Unfinished = UnfinishedRun.Resume }), Fails(ErrorCode.NothingToResume));
        Assert.That(() => Write(Recipe(""), "https://example.org/r"), Fails(ErrorCode.NotInStore));
    }

    private static NUnit.Framework.Constraints.IResolveConstraint Fails(ErrorCode code) =>
        Throws.TypeOf<DemException>().With.Property("Code").EqualTo(code);

    private static string Name() => $"out-{Guid.NewGuid():N}";

    private static string Recipe(string root) =>
        $"merge_method: slerp\nbase_model: {root}one\nmodels:\n- model: {root}one\n- model: {root}two\nparameters: {{ t: 0.3 }}\ndtype: bfloat16\n";

    private void Write(string recipe, string output, RunOptions? options = null, CancellationToken cancel = default)
    {
        using MergePlan plan = _models.Plan(recipe, options ?? Options);
        StoreOutputRun.Execute(plan.Plan, output, new CpuBackend(), options ?? Options, null, cancel);
    }

    private void AssertStored(string prefix)
    {
        SortedDictionary<string, byte[]> local = _models.Files("local");
        string start = $"bucket/{prefix}/";
        Dictionary<string, byte[]> stored = _server.Objects.Where(one => one.Key.StartsWith(start, StringComparison.Ordinal))
            .ToDictionary(one => one.Key[start.Length..], one => one.Value, StringComparer.Ordinal);
        Assert.That(stored.Keys, Is.EquivalentTo(local.Keys));
        foreach (string file in local.Keys.Where(file => !ModelFolder.NamesTheRecipe(file)))
            Assert.That(stored[file].AsSpan().SequenceEqual(local[file]), Is.True, file);
    }

    private void Use((string, string) keys) => FileStores.Register(
        "s3",
        () => new S3Store(new S3Options
        {
            Environment = name => name == "AWS_ENDPOINT_URL" ? _server.Server.Address : null,
            Keys = keys,
        }),
        QuickStores.Limits);
}
