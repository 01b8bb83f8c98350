using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Locating;
using DemEngine.Files;
using DemEngine.Merging.Cards;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Vocabularies;

namespace DemEngine.Tests.Faults;

/// <summary>A damaged file gives a named error or what it says, and never anything else.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class MutatedFilesTests
{
    private const string Tokens = "merge_method: linear\nmodels: [{model: base, parameters: {weight: 1}}, {model: a, parameters: {weight: 1}}]\ntokenizer_source: union";
    private const string Layers = "merge_method: passthrough\nslices:\n- sources: [{model: base, layer_range: [0, 2]}]\n- sources: [{model: a, layer_range: [1, 2]}]";

    private const string Config = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 4, "num_hidden_layers": 2, "bos_token_id": 0,
         "eos_token_id": [1, 2], "torch_dtype": "bfloat16", "tie_word_embeddings": false, "layer_types": ["full_attention", "full_attention"],
         "text_config": {"model_type": "x", "dtype": "float32", "num_hidden_layers": 2}, "rope_scaling": null, "quantization_config": null}
        """;

    private const string Settings = """
        {"bos_token": "<s>", "eos_token": {"__type": "AddedToken", "content": "a", "lstrip": false}, "model_max_length": 1000000000000000019884624838656,
         "added_tokens_decoder": {"0": {"content": "<s>", "special": true}, "3": {"content": "c"}}, "chat_template": "{{ x }}", "add_bos_token": true}
        """;

    private ModelFolder _folder = null!;

    [OneTimeSetUp]
    public void WriteModels()
    {
        _folder = new ModelFolder();
        foreach (string model in new[] { "base", "a" })
        {
            _folder.Model(
                    model,
                    Values.Random("model.embed_tokens.weight", ElementType.BF16, [4, 2], 1),
                    Values.Random("model.layers.0.mlp.up_proj.weight", ElementType.BF16, [3, 2], 2),
                    Values.Random("model.layers.1.mlp.up_proj.weight", ElementType.BF16, [3, 2], 3),
                    Values.Random("lm_head.weight", ElementType.BF16, [4, 2], 4))
                .File(model, "config.json", Config)
                .File(model, "tokenizer.json", Encoding.UTF8.GetString(Tokenizer(model)))
                .File(model, "tokenizer_config.json", Settings);
        }
    }

    [OneTimeTearDown]
    public void DeleteModels() => _folder.Dispose();

    // Ids that differ have the settings changed with them.
    private static byte[] Tokenizer(string model) => TokenizerTexts.Bytes(
        model == "a" ? TokenizerTexts.Bpe(["b", "a", "<s>"], ["d"]) : TokenizerTexts.Bpe(["<s>", "a", "b"], ["c"]));

    [TestCase("base", Tokens)]
    [TestCase("a", Tokens)]
    [TestCase("base", Layers)]
    [NonParallelizable]
    public void A_configuration(string model, string recipe) => Plan(model, "config.json", TokenizerTexts.Bytes(Config), recipe);

    [TestCase("base")]
    [TestCase("a")]
    [NonParallelizable]
    public void A_tokenizer(string model) => Plan(model, "tokenizer.json", Tokenizer(model), Tokens);

    [Test, NonParallelizable]
    public void Settings_of_a_tokenizer() => Plan("base", "tokenizer_config.json", TokenizerTexts.Bytes(Settings), Tokens);

    [Test]
    public void A_header()
    {
        byte[] file = File.ReadAllBytes(_folder.PathOf("base/model.safetensors"));
        string path = _folder.PathOf("mutated.safetensors");
        Mutations.Run(5, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            using var checkpoint = Checkpoint.Open(path, IoMode.Pread);
            Fingerprint.Of(checkpoint);
        });
    }

    [Test]
    public void An_index() => Mutations.Run(
        6,
        TokenizerTexts.Bytes("""{"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "x"}}"""),
        contents => CheckpointIndex.Parse(contents, "f"));

    [Test]
    public void A_manifest()
    {
        _folder.Merge("merge_method: linear\nmodels: [{model: base, parameters: {weight: 1}}]", "merged");
        byte[] file = File.ReadAllBytes(_folder.PathOf("merged/dem-manifest.json"));
        Directory.CreateDirectory(_folder.PathOf("manifest"));
        Mutations.Run(7, file, contents =>
        {
            File.WriteAllBytes(_folder.PathOf("manifest/dem-manifest.json"), contents);
            _ = Manifest.Read(_folder.PathOf("manifest")).TensorsHash;
        });
    }

    [Test]
    public void A_recipe()
    {
        foreach (string recipe in new[] { Tokens, Layers })
        {
            string path = _folder.PathOf("mutated.yaml");
            Mutations.Run(8, TokenizerTexts.Bytes(recipe), contents =>
            {
                File.WriteAllBytes(path, contents);
                foreach (Recipe read in RecipeReader.ReadResults(path))
                    MergePlanner.CheckRecipe(read);
            });
        }
    }

    [Test]
    public void A_model_card()
    {
        const string card = "---\nlicense: other\nlicense_name: llama3\nlicense_link: LICENSE\ntags: [merge, \"x\"]\nbase_model:\n- a/b\n---\n# A model\n";
        Mutations.Run(10, TokenizerTexts.Bytes(card), contents => StatedLicense.Read(contents), isEverRefused: false);
    }

    /// <summary>A branch may stand at any text, and leads to a snapshot of that very name or to none.</summary>
    [Test]
    public void A_branch_in_the_cache_of_the_hub()
    {
        string repository = _folder.PathOf("models--org--name");
        string[] commits = ["0123456789abcdef0123456789abcdef01234567", "ab"];
        foreach (string commit in commits)
            Directory.CreateDirectory(Path.Combine(repository, "snapshots", commit));
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        string[] expected = [.. commits.Select(commit => Path.Combine(repository, "snapshots", commit))];
        int found = 0;
        Mutations.Run(
            11,
            TokenizerTexts.Bytes(commits[0]),
            contents =>
            {
                File.WriteAllBytes(Path.Combine(repository, "refs", "main"), contents);
                string? snapshot = HubCache.SnapshotOf(repository);
                found += snapshot is null ? 0 : 1;
                Assert.That(snapshot is null || expected.Contains(snapshot), snapshot);
            },
            isEverRefused: false);
        Assert.That(found, Is.GreaterThan(0));
    }

    [Test]
    public void A_journal()
    {
        string folder = _folder.PathOf("journal");
        Directory.CreateDirectory(folder);
        using (var journal = Journal.Open(folder, "plan"))
        {
            for (int k = 0; k < 4; k++)
                journal.Append(new JournalEntry($"tensor {k}", $"{k:x32}", default, "remark é", false));
        }

        byte[] file = File.ReadAllBytes(Path.Combine(folder, Journal.FileName));
        Mutations.Run(9, file, contents =>
        {
            File.WriteAllBytes(Path.Combine(folder, Journal.FileName), contents);
            using var journal = Journal.Open(folder, "plan");
            Assert.That(journal.Finished.Values, Has.None.Null);
        });
    }

    private void Plan(string model, string file, byte[] contents, string recipe)
    {
        string path = Path.Combine(_folder.PathOf(model), file);
        try
        {
            Mutations.Run(file.Length + model.Length, contents, spoilt =>
            {
                File.WriteAllBytes(path, spoilt);
                using MergePlan plan = _folder.Plan(recipe);
            });
        }
        finally
        {
            File.WriteAllBytes(path, contents);
        }
    }
}
