using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>The small files that go with the weights.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class SideFilesTests
{
    // No serializer writes this, so unchanged bytes show.
    private const string Config = "{ \"torch_dtype\":\"bfloat16\" ,\"vocab_size\" : 7,\r\n \"é\": [1.50] }";

    private const string Recipe = """
        merge_method: dem
        base_model: base
        models: [{model: a, parameters: {weight: 0.5}}]
        """;

    [Test]
    public void They_are_copied_from_the_base()
    {
        using ModelFolder folder = Family();
        folder.File("base", "config.json", Config).File("base", "tokenizer.json", "{}").File("base", "LICENSE", "free").File("a", "other.json", "{}");
        folder.Merge(Recipe);
        Assert.That(
            folder.Files("out").Keys, Is.EquivalentTo(new[] { "LICENSE", "config.json", "dem-manifest.json", "model.safetensors", "tokenizer.json" }));
        Assert.That(File.ReadAllText(folder.PathOf("out/config.json")), Is.EqualTo(Config));
    }

    [TestCase("README.md")]
    [TestCase("Readme")]
    [TestCase("pytorch_model.bin")]
    [TestCase("pytorch_model.bin.index.json")]
    [TestCase("flax_model.msgpack")]
    [TestCase("model.GGUF")]
    [TestCase("other.safetensors")]
    [TestCase(".gitattributes")]
    public void Weights_and_model_cards_are_not(string name)
    {
        using ModelFolder folder = Family().File("base", name, "x");
        folder.Merge(Recipe);
        Assert.That(folder.Files("out").Keys, Is.EqualTo(new[] { "dem-manifest.json", "model.safetensors" }));
    }

    [Test]
    public void A_manifest_is_not_taken_for_the_new_one()
    {
        using ModelFolder folder = Family().File("base", "dem-manifest.json", "of the base");
        folder.Merge(Recipe);
        Assert.That(Manifest.Read(folder.PathOf("out")).Operation, Is.EqualTo("merge"));
    }

    [Test]
    public void Links_as_in_a_cache_are_followed()
    {
        using ModelFolder folder = Family();
        Directory.CreateDirectory(folder.PathOf("blobs"));
        File.WriteAllText(folder.PathOf("blobs/c0ffee"), Config);
        File.Move(folder.PathOf("base/model.safetensors"), folder.PathOf("blobs/beef"));
        File.CreateSymbolicLink(folder.PathOf("base/config.json"), "../blobs/c0ffee");
        File.CreateSymbolicLink(folder.PathOf("base/model.safetensors"), "../blobs/beef");
        folder.Merge(Recipe);
        Assert.That(File.ReadAllText(folder.PathOf("out/config.json")), Is.EqualTo(Config));
        Assert.That(new FileInfo(folder.PathOf("out/config.json")).LinkTarget, Is.Null);
    }

    [Test]
    public void A_link_to_nothing_is_an_error()
    {
        using ModelFolder folder = Family();
        File.CreateSymbolicLink(folder.PathOf("base/config.json"), "../blobs/gone");
        Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe));
    }

    [Test]
    public void The_tokenizer_can_come_from_elsewhere()
    {
        using ModelFolder folder = Family();
        const string Tokenizer = """{"model": {"vocab": {"t": 0}, "merges": []}}""";
        folder.File("base", "config.json", Config).File("base", "tokenizer.json", Tokenizer).File("base", "merges.txt", "old");
        folder.File("a", "config.json", "{}").File("a", "tokenizer.json", Tokenizer + " ").File("a", "special_tokens_map.json", "new");
        folder.Merge(Recipe + "\ntokenizer_source: a");
        SortedDictionary<string, byte[]> files = folder.Files("out");
        Assert.That(files.Keys, Does.Not.Contain("merges.txt"));
        Assert.That(files["tokenizer.json"], Is.EqualTo(Encoding.UTF8.GetBytes(Tokenizer + " ")));
        Assert.That(files["special_tokens_map.json"], Is.EqualTo("new"u8.ToArray()));
        Assert.That(files["config.json"], Is.EqualTo(Encoding.UTF8.GetBytes(Config)));
    }

    [Test]
    public void A_tokenizer_source_without_one_is_an_error()
    {
        using ModelFolder folder = Family().File("base", "tokenizer.json", """{"model": {"vocab": {"t": 0}, "merges": []}}""");
        Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe + "\ntokenizer_source: a"));
    }

    [TestCase("torch_dtype")]
    [TestCase("dtype")]
    public void The_type_is_amended_when_it_changes(string key)
    {
        using ModelFolder folder = Family().File("base", "config.json", Config.Replace("torch_dtype", key, StringComparison.Ordinal));
        folder.Merge(Recipe + "\nout_dtype: float16");
        string config = File.ReadAllText(folder.PathOf("out/config.json"));
        Assert.That(config, Does.Contain($"\"{key}\": \"float16\"").And.Contain("\"vocab_size\": 7").And.Contain("1.50"));
    }

    [Test]
    public void Bytes_stay_where_nothing_changes()
    {
        using ModelFolder folder = Family().File("base", "config.json", Config);
        folder.Merge(Recipe + "\nout_dtype: bfloat16");
        Assert.That(File.ReadAllText(folder.PathOf("out/config.json")), Is.EqualTo(Config));
    }

    [TestCase("[]")]
    [TestCase("{")]
    [TestCase("")]
    [TestCase("""{"torch_dtype": "bfloat16", "torch_dtype": "float16"}""")]
    public void A_configuration_that_cannot_be_amended_is_an_error(string config)
    {
        using ModelFolder folder = Family().File("base", "config.json", config);
        Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe + "\nout_dtype: float16"));
    }

    private static ModelFolder Family()
    {
        var tensor = Values.Tensor("t", ElementType.BF16, [2], 1, 2);
        return new ModelFolder().Model("base", tensor).Model("a", tensor);
    }
}
