using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Stores;

internal sealed class WebModelTests
{
    private const string Recipe = """
        merge_method: ties
        base_model: {0}base
        models:
        - model: {0}one
          parameters: {{ weight: 0.7, density: 0.5 }}
        - model: {0}two
          parameters: {{ weight: 0.4, density: 0.6 }}
        dtype: bfloat16
        """;

    [TestCase(IoMode.Mmap, 1)]
    [TestCase(IoMode.Pread, 3)]
    [TestCase(IoMode.Direct, 2)]
    public void A_merge_of_models_on_a_server_has_the_bytes_of_a_merge_of_local_ones(IoMode io, int threads)
    {
        using ModelFolder models = Family();
        using var served = new ServedFolder(models.Path);
        var options = new RunOptions { Io = io, Threads = threads, MaxMemoryBytes = 64_000_000 };
        models.Merge(string.Format(null, Recipe, ""), "local", options);
        models.Merge(string.Format(null, Recipe, served.Server.Address + "/"), "remote", options);
        AssertSame(models, "local", "remote");
    }

    [Test]
    public void A_model_on_a_server_has_the_fingerprint_of_the_local_one_and_is_named_by_its_address()
    {
        using ModelFolder models = Family();
        using var served = new ServedFolder(models.Path);
        models.Merge(string.Format(null, Recipe, ""), "local");
        models.Merge(string.Format(null, Recipe, served.Server.Address + "/"), "remote");
        ManifestInput[] local = [.. Manifest.Read(models.PathOf("local")).Inputs];
        ManifestInput[] remote = [.. Manifest.Read(models.PathOf("remote")).Inputs];
        Assert.Multiple(() =>
        {
            Assert.That(remote.Select(input => input.Fingerprint), Is.EqualTo(local.Select(input => input.Fingerprint)));
            Assert.That(remote[0].Path, Is.EqualTo(served.AddressOf("base")));
        });
    }

    [Test]
    public void A_single_file_on_a_server_is_a_model()
    {
        using ModelFolder models = Family();
        using var served = new ServedFolder(models.Path);
        using Checkpoint there = ModelWeights.Open(served.AddressOf("one/model-00001-of-00002.safetensors"));
        using Checkpoint here = ModelWeights.Open(models.PathOf("one/model-00001-of-00002.safetensors"));
        Assert.That(there.Tensors.Select(tensor => tensor.Spec), Is.EqualTo(here.Tensors.Select(tensor => tensor.Spec)));
    }

    [Test]
    public void Only_what_is_needed_of_a_model_is_fetched()
    {
        using ModelFolder models = Family();
        using var served = new ServedFolder(models.Path);
        using (ModelWeights.Open(served.AddressOf("base")))
        {
        }

        long fetched = served.Server.Requests
            .Where(request => request.Path.EndsWith(".safetensors", StringComparison.Ordinal))
            .Sum(request => request.Range is { } range ? range.Last - range.First + 1 : long.MaxValue / 64);
        Assert.That(fetched, Is.LessThan(2 * 140_000));
    }

    [Test]
    public void Weights_are_asked_for_in_blocks_and_not_tensor_by_tensor()
    {
        using ModelFolder models = Family();
        using var served = new ServedFolder(models.Path);
        string recipe = $"merge_method: passthrough\nmodels:\n- model: {served.AddressOf("base")}\n";
        models.Merge(recipe, "out", new RunOptions { Threads = 1 });
        WebRequest[] blocks =
        [
            .. served.Server.Requests.Where(request => request.Range is { } range && range.Last - range.First > 200_000),
        ];
        Assert.Multiple(() =>
        {
            Assert.That(blocks, Is.Not.Empty);
            Assert.That(blocks.Select(block => (block.Path, block.Range)), Is.Unique);
        });
    }

    internal static ModelFolder Family()
    {
        var models = new ModelFolder();
        (TensorSpec Spec, byte[] Bytes)[] tensors =
        [
            Values.Random("model.embed_tokens.weight", ElementType.BF16, [640, 256], 1),
            .. Enumerable.Range(0, 6).SelectMany(layer => new[]
            {
                Values.Random($"model.layers.{layer}.mlp.weight", ElementType.BF16, [512, 256], layer),
                Values.Random($"model.layers.{layer}.norm.weight", ElementType.F32, [256], layer),
            }),
        ];
        foreach (string name in new[] { "base", "one", "two" })
        {
            int seed = name.Length * name[0];
            TestCheckpoint.Write(
                models.PathOf(name),
                name == "base" ? tensors : [.. tensors.Select(tensor => Values.Moved(tensor, seed, tensor.Spec.Type))],
                maxShardBytes: 1_200_000);
            models.File(name, "config.json", """{"architectures":["LlamaForCausalLM"],"model_type":"llama","num_hidden_layers":6}""");
            models.File(name, "tokenizer_config.json", """{"model_max_length":2048}""");
        }

        return models;
    }

    internal static void AssertSame(ModelFolder models, string expected, string actual)
    {
        SortedDictionary<string, byte[]> a = models.Files(expected);
        SortedDictionary<string, byte[]> b = models.Files(actual);
        Assert.That(b.Keys, Is.EqualTo(a.Keys));
        foreach (string file in a.Keys.Where(file => !ModelFolder.NamesTheRecipe(file)))
            Assert.That(b[file], Is.EqualTo(a[file]), file);
    }
}
