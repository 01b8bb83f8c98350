using System.Text;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
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
            folder.Files("out").Keys, Is.EquivalentTo(new[] { "LICENSE", "README.md", "config.json", "dem-manifest.json", "mergekit_config.yml", "model.safetensors", "tokenizer.json" }));
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
    [TestCase("optimizer.pt")]
    [TestCase("trainer_state.json")]
    [TestCase("training_args.bin")]
    [TestCase("adapter_config.json")]
    [TestCase("zero_to_fp32.py")]
    [TestCase("latest")]
    [TestCase("train.log")]
    [TestCase("all_results.json")]
    [TestCase("preview.png")]
    [TestCase("mergekit_config.yml")]
    [TestCase("events.out.tfevents.1")]
    [TestCase("checkpoint-500/config.json")]
    [TestCase("runs/Nov01/events.out.tfevents.1")]
    [TestCase("wandb/run-1/files/code/train.py")]
    [TestCase("__pycache__/modeling.py")]
    [TestCase("original/tokenizer.model")]
    public void Weights_cards_and_what_trainers_leave_are_not(string name)
    {
        using ModelFolder folder = Family().File("base", name, "x");
        folder.Merge(Recipe, options: new RunOptions { Card = false });
        Assert.That(folder.Files("out").Keys, Is.EqualTo(new[] { "dem-manifest.json", "model.safetensors" }));
    }

    [TestCase("config.json")]
    [TestCase("generation_config.json")]
    [TestCase("tokenizer_config.json")]
    [TestCase("tokenizer.model.v3")]
    [TestCase("special_tokens_map.json")]
    [TestCase("qwen.tiktoken")]
    [TestCase("source.spm")]
    [TestCase("spm.model")]
    [TestCase("chat_template.jinja")]
    [TestCase("preprocessor_config.json")]
    [TestCase("video_preprocessor_config.json")]
    [TestCase("image_processor_config.json")]
    [TestCase("feature_extractor_config.json")]
    [TestCase("processor_config.json")]
    [TestCase("sentence_bert_config.json")]
    [TestCase("config_sentence_transformers.json")]
    [TestCase("modeling_new.py")]
    [TestCase("USE_POLICY.md")]
    [TestCase("Notice")]
    [TestCase("MODEL_LICENSE")]
    [TestCase("additional_chat_templates/tool_use.jinja")]
    public void What_loads_a_model_is_copied_without_a_remark(string name)
    {
        using ModelFolder folder = Family().File("base", name, "{}");
        RunReport report = folder.Merge(Recipe);
        Assert.That(folder.Files("out"), Does.ContainKey(name).WithValue("{}"u8.ToArray()));
        Assert.That(report.Remarks, Is.Empty);
    }

    [Test]
    public void Modules_of_sentence_transformers_are_copied_and_their_weights_are_named()
    {
        using ModelFolder folder = Family();
        folder.File("base", "modules.json", """[{"path": ""}, {"path": "1_Pooling"}, {"path": "2_Dense"}, {"path": "../../etc"}, {"path": "/etc"}]""")
            .File("base", "1_Pooling/config.json", "{}").File("base", "2_Dense/config.json", "{}").File("base", "2_Dense/README.md", "x")
            .File("base", "2_Dense/model.safetensors", "weights").File("base", "2_Dense/pytorch_model.bin", "weights").File("base", "3_Other/config.json", "{}");
        RunReport report = folder.Merge(Recipe, options: new RunOptions { Card = false });
        Assert.That(
            folder.Files("out").Keys,
            Is.EquivalentTo(new[] { "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors", "dem-manifest.json", "model.safetensors", "modules.json" }));
        Assert.That(report.Remarks, Has.Some.Contains("not merged").And.Contains("2_Dense/model.safetensors"));
        Assert.That(report.Remarks, Has.Some.Contains("2 files and folders").And.Contains("3_Other/").And.Contains("2_Dense/pytorch_model.bin"));
    }

    [Test]
    public void Packages_of_Python_modules_are_copied()
    {
        using ModelFolder folder = Family().File("base", "modeling.py", "from .blocks.inner import a").File("base", "blocks/inner/a.py", "1").File("base", "blocks/b.py", "1");
        folder.File("base", "blocks/__pycache__/b.py", "1").File("base", "blocks/b.pyc", "1").File("base", "assets/a.txt", "1");
        RunReport report = folder.Merge(Recipe);
        Assert.That(
            folder.Files("out").Keys.Where(name => name.Contains("py", StringComparison.Ordinal)),
            Is.EquivalentTo(new[] { "blocks/b.py", "blocks/inner/a.py", "modeling.py" }));
        Assert.That(report.Remarks.Single(), Does.Contain("\"assets/\"").And.Contain("blocks/b.pyc"));
    }

    [Test]
    public void What_is_left_out_is_said_once_with_its_count()
    {
        using ModelFolder folder = Family();
        for (int k = 0; k < 20; k++)
            folder.File("base", $"checkpoint-{k}/optimizer.pt", "x").File("a", "trainer_state.json", "x");
        RunReport report = folder.Merge(Recipe);
        Assert.That(report.Remarks.Single(), Does.Contain("\"base\"").And.Contain("20 files and folders").And.Contain("and 10 more"));
    }

    [Test]
    public void A_linked_folder_is_read_only_where_it_stays_in_the_model()
    {
        using ModelFolder folder = Family().File("base", "modules.json", """[{"path": "1_Pooling"}, {"path": "2_Loop"}]""").File("elsewhere", "config.json", "{}");
        Directory.CreateSymbolicLink(folder.PathOf("base/1_Pooling"), "../elsewhere");
        Directory.CreateSymbolicLink(folder.PathOf("base/2_Loop"), ".");
        RunReport report = folder.Merge(Recipe);
        Assert.That(folder.Files("out").Keys.Where(name => name.Contains('/', StringComparison.Ordinal)), Is.Empty);
        Assert.That(report.Remarks.Single(), Does.Contain("1_Pooling/").And.Contain("2_Loop/"));
    }

    [Test]
    public void Linked_folders_of_a_cache_are_followed()
    {
        using ModelFolder folder = Family().File("models--o--m/blobs/dir", "config.json", "{}");
        folder.File("base", "modules.json", """[{"path": "1_Pooling"}]""");
        Directory.CreateDirectory(folder.PathOf("models--o--m/snapshots"));
        Directory.Move(folder.PathOf("base"), folder.PathOf("models--o--m/snapshots/1"));
        Directory.CreateSymbolicLink(folder.PathOf("models--o--m/snapshots/1/1_Pooling"), "../../blobs/dir");
        folder.Merge(Recipe.Replace("model: base", "model: models--o--m/snapshots/1", StringComparison.Ordinal));
        Assert.That(folder.Files("out"), Does.ContainKey("1_Pooling/config.json"));
    }

    [Test]
    public void Files_beside_one_of_several_models_are_not_its_own()
    {
        using ModelFolder folder = Webui();
        RunReport report = folder.Merge("merge_method: dem\nbase_model: all/x.safetensors\nmodels: [{model: all/y.safetensors, parameters: {weight: 0.5}}]", "all/out");
        Assert.That(folder.Files("all/out").Keys, Does.Not.Contain("config.json").And.Not.Contain("tokenizer.json"));
        Assert.That(report.Remarks.Single(), Does.Contain("x.safetensors").And.Contain("config.json").And.Contain("tokenizer.json"));
    }

    [Test]
    public void Files_beside_the_only_model_of_a_folder_are_its_own()
    {
        using ModelFolder folder = Webui();
        File.Move(folder.PathOf("all/y.safetensors"), folder.PathOf("y.safetensors"));
        folder.File("all", "x.png", "picture");
        RunReport report = folder.Merge("merge_method: dem\nbase_model: all/x.safetensors\nmodels: [{model: y.safetensors, parameters: {weight: 0.5}}]");
        Assert.That(folder.Files("out"), Does.ContainKey("config.json").And.ContainKey("tokenizer.json"));
        Assert.That(report.Remarks.Single(), Does.Contain("x.png"));
    }

    [TestCase("config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 700\n", "Git LFS pointer", "git lfs pull")]
    [TestCase("tokenizer.model", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 700\n", "Git LFS pointer", "git lfs pull")]
    [TestCase("tokenizer.json", "\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "HTML", "signed in")]
    [TestCase("config.json", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "XML", "Download")]
    [TestCase("generation_config.json", "", "empty", "Download")]
    public void A_file_that_is_something_else_is_named_with_what_it_is(string name, string contents, string what, string remedy)
    {
        using ModelFolder folder = Family().File("base", name, contents);
        DemException error = Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe));
        Assert.That(error.Message, Does.Contain(folder.PathOf($"base/{name}")).And.Contain(what));
        Assert.That(error.Remedy, Does.Contain(remedy));
    }

    [Test]
    public void A_configuration_that_is_no_JSON_is_named_with_its_model_and_line()
    {
        using ModelFolder folder = Family().File("base", "config.json", "{\n  \"a\": 1,,\n}");
        DemException error = Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe + "\nout_dtype: float16"));
        Assert.That(error.Message, Does.StartWith(folder.PathOf("base/config.json") + ": line 2"));
        Assert.That(error.Path, Is.EqualTo(folder.PathOf("base/config.json")));
    }

    [TestCase("config.json", "{\"a\": 1", "line 1")]
    [TestCase("config.json", "{\"a\": 1,}", "not supported in this mode.\"")]
    [TestCase("config.json", "[1]", "no object")]
    [TestCase("tokenizer_config.json", "{'a': 1}", "line 1")]
    [TestCase("vocab.json", "{\"a\": NaNa}", "line 1")]
    [TestCase("id2label.json", "\u00ff\u00fe", "line 1")]
    public void A_JSON_file_that_nobody_could_read_is_not_published(string name, string contents, string what)
    {
        foreach (string model in new[] { "base", "a" })
        {
            using ModelFolder folder = Family().File(model, name, contents);
            DemException error = Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe));
            Assert.That(error.Message, Does.StartWith(folder.PathOf($"{model}/{name}")).And.Contain(what));
            Assert.That(Directory.Exists(folder.PathOf("out")), Is.False);
        }
    }

    [Test]
    public void Bytes_that_are_no_text_are_not_published_as_JSON()
    {
        using ModelFolder folder = Family();
        File.WriteAllBytes(folder.PathOf("base/config.json"), [(byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
        Assert.That(Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe)).Message, Does.Contain("config.json: line 1, byte 3: \"the file is not UTF-8"));
    }

    [TestCase("{\"time_step_limit\": [0.0, Infinity], \"least\": -Infinity, \"none\": NaN, \"a \\\" NaN\": 1}")]
    [TestCase("{\"a\": 1, \"a\": 2}")]
    public void JSON_as_Python_writes_it_is_copied_as_it_is(string contents)
    {
        using ModelFolder folder = Family().File("base", "config.json", contents);
        folder.Merge(Recipe);
        Assert.That(File.ReadAllText(folder.PathOf("out/config.json")), Is.EqualTo(contents));
    }

    [Test]
    public void An_infinity_in_a_configuration_stays_one_where_the_type_is_amended()
    {
        using ModelFolder folder = Family().File(
            "base", "config.json", """{"torch_dtype": "float32", "time_step_limit": [-Infinity, Infinity], "of": "Infinity"}""");
        folder.Merge(Recipe + "\nout_dtype: float16");
        JsonNode config = JsonNode.Parse(File.ReadAllText(folder.PathOf("out/config.json")))!;
        Assert.That(config["torch_dtype"]!.GetValue<string>(), Is.EqualTo("float16"));
        Assert.That(config["of"]!.GetValue<string>(), Is.EqualTo("Infinity"));
        Assert.That(config["time_step_limit"]!.AsArray().Select(x => x!.GetValue<double>()), Is.EqualTo(new[] { double.NegativeInfinity, double.PositiveInfinity }));
    }

    [TestCase("config.json")]
    [TestCase("tokenizer.model")]
    public void What_stands_in_the_place_of_a_file_and_cannot_be_read_is_named(string name)
    {
        using ModelFolder folder = Family();
        string path = folder.PathOf($"base/{name}");
        Directory.CreateDirectory(path);
        Assert.That(Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe)).Message, Does.StartWith(path + ": this is a folder"));
        Directory.Delete(path);
        File.CreateSymbolicLink(path, "gone");
        Assert.That(Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe)).Message, Does.StartWith(path + ": this is a link"));
        File.Delete(path);
        File.CreateSymbolicLink(path, path);
        Assert.That(Failing.With(ErrorCode.BadSideFile, () => folder.Merge(Recipe)).Message, Does.Contain(path));
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
        folder.File("a", "config.json", "{}").File("a", "tokenizer.json", Tokenizer + " ").File("a", "special_tokens_map.json", "{\"new\":0}");
        folder.Merge(Recipe + "\ntokenizer_source: a");
        SortedDictionary<string, byte[]> files = folder.Files("out");
        Assert.That(files.Keys, Does.Not.Contain("merges.txt"));
        Assert.That(files["tokenizer.json"], Is.EqualTo(Encoding.UTF8.GetBytes(Tokenizer + " ")));
        Assert.That(files["special_tokens_map.json"], Is.EqualTo("{\"new\":0}"u8.ToArray()));
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

    private static ModelFolder Webui()
    {
        ModelFolder folder = Family().File("all", "config.json", Config).File("all", "tokenizer.json", "{}");
        File.Move(folder.PathOf("base/model.safetensors"), folder.PathOf("all/x.safetensors"));
        File.Move(folder.PathOf("a/model.safetensors"), folder.PathOf("all/y.safetensors"));
        return folder;
    }
}
