using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;
using DemEngine.Tests.Vocabularies;

namespace DemEngine.Tests.Merging;

/// <summary>Models with vocabularies of their own, whose embeddings are brought to one before they are merged.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class TokenizerTests
{
    private const int Columns = 5;

    // By model: its tokens in the order of their ids, and rows for more tokens than there are.
    private static readonly Dictionary<string, (string[] Tokens, int Rows)> Vocabularies = new()
    {
        ["base"] = (["<s>", "a", "b", "c"], 6),
        ["x"] = (["a", "<s>", "d", "c", "e"], 5),
        ["y"] = (["e", "c", "<s>", "f"], 4),
        ["same"] = (["<s>", "a", "b", "c"], 6),
    };

    private readonly Dictionary<(string Model, string Tensor), (TensorSpec Spec, byte[] Bytes)> _tensors = [];
    private ModelFolder _folder = null!;

    [SetUp]
    public void WriteModels()
    {
        _folder = new ModelFolder();
        foreach (var (model, (tokens, rows)) in Vocabularies)
        {
            ElementType type = model == "x" ? ElementType.F32 : ElementType.BF16;
            (TensorSpec Spec, byte[] Bytes)[] tensors =
            [
                Values.Random("model.embed_tokens.weight", type, [rows, Columns], model.Sum(c => c)),
                Values.Random("model.layers.0.mlp.up_proj.weight", type, [3, Columns], model.Sum(c => c)),
                Values.Random("lm_head.weight", type, [rows, Columns], model.Sum(c => c) + 1),
                Values.Random("lm_head.bias", type, [rows], model.Sum(c => c)),
            ];
            foreach (var tensor in tensors)
                _tensors[(model, tensor.Spec.Name)] = tensor;
            _folder.Model(model, tensors)
                .File(model, "config.json", $$"""{"vocab_size": {{rows}}, "bos_token_id": {{Array.IndexOf(tokens, "<s>")}}}""")
                .File(model, "tokenizer.json", TokenizerTexts.Bpe(tokens));
        }
    }

    [TearDown]
    public void DeleteModels() => _folder.Dispose();

    [Test]
    public void Rows_are_found_by_their_tokens()
    {
        _folder.Merge("merge_method: passthrough\nmodels: [{model: x}]\nbase_model: base\ntokenizer_source: base");
        foreach (string tensor in new[] { "model.embed_tokens.weight", "lm_head.weight", "lm_head.bias" })
            AssertRows("out", tensor, [("x", 1), ("x", 0), ("base", 2), ("x", 3)]);
        AssertRows("out", "model.layers.0.mlp.up_proj.weight", [("x", 0), ("x", 1), ("x", 2)]);
        Assert.That(File.ReadAllText(_folder.PathOf("out/tokenizer.json")), Is.EqualTo(TokenizerTexts.Bpe(Vocabularies["base"].Tokens)));
        Assert.That((int)Config("out")["vocab_size"]!, Is.EqualTo(4));
    }

    [Test]
    public void The_union_has_the_base_s_tokens_and_then_those_of_the_others()
    {
        _folder.Merge("merge_method: passthrough\nslices: [{sources: [{model: y, layer_range: [0, 1]}]}]\nbase_model: base\ntokenizer_source: union");
        Assert.That(Tokens("out"), Is.EqualTo(["<s>", "a", "b", "c", "e", "f"]));
        AssertRows("out", "lm_head.weight", [("y", 2), ("base", 1), ("base", 2), ("y", 1), ("y", 0), ("y", 3)]);
        Assert.That((int)Config("out")["vocab_size"]!, Is.EqualTo(6));
    }

    [Test]
    public void A_row_that_the_base_and_the_model_lack_is_the_average_of_those_that_there_are()
    {
        _folder.Merge("""
            merge_method: linear
            base_model: base
            models: [{model: base, parameters: {weight: 1}}, {model: x, parameters: {weight: 0}}, {model: y, parameters: {weight: 0}}]
            tokenizer_source: union
            """);
        Assert.That(Tokens("out"), Is.EqualTo(["<s>", "a", "b", "c", "d", "e", "f"]));
        byte[] Of(string model, int row) => Row(model, "lm_head.weight", row);
        byte[][] expected =
        [
            Of("base", 0), Of("base", 1), Of("base", 2), Of("base", 3),
            Combined((1, "x", 2)), Combined((0.5, "x", 4), (0.5, "y", 0)), Of("y", 3),
        ];
        Assert.That(_folder.Bytes("out", "lm_head.weight"), Is.EqualTo(expected.SelectMany(row => row)));
    }

    [Test]
    public void Rows_are_brought_to_order_before_the_method_sees_them()
    {
        _folder.Merge("""
            merge_method: task_arithmetic
            base_model: base
            models: [{model: x, parameters: {weight: 0.3}}, {model: y, parameters: {weight: 0.6}}]
            tokenizer_source: union
            """, "relative");
        // Token by token, the rows of base, x and y; where x or y lacks the token it has the base's, and the base has theirs.
        (string Model, int Row)[][] rows =
        [
            [("base", 0), ("x", 1), ("y", 2)], [("base", 1), ("x", 0), ("base", 1)], [("base", 2), ("base", 2), ("base", 2)], [("base", 3), ("x", 3), ("y", 1)],
            [("x", 2), ("x", 2), ("x", 2)], [("average", 0), ("x", 4), ("y", 0)], [("y", 3), ("y", 3), ("y", 3)],
        ];
        (TensorSpec Spec, byte[] Bytes) Gathered(int model, ElementType type)
        {
            double[] values = [.. rows.SelectMany(row => row[model].Model == "average"
                ? Doubles("x", 4).Zip(Doubles("y", 0), (x, y) => (x / 2) + (y / 2))
                : Doubles(row[model].Model, row[model].Row))];
            return Values.Tensor("lm_head.weight", type, [7, Columns], values);
        }

        var (b, x, y) = (Gathered(0, ElementType.BF16), Gathered(1, ElementType.F32), Gathered(2, ElementType.BF16));
        Assert.That(_folder.Bytes("relative", "lm_head.weight"), Is.EqualTo(ReferenceMerge.Dem(ElementType.BF16, b, (0.3, false, x), (0.6, false, y))));
    }

    [Test]
    public void The_tokenizer_of_another_model_gives_the_order_and_special_tokens_follow()
    {
        _folder.Merge("merge_method: passthrough\nmodels: [{model: base}]\ntokenizer_source: y");
        Assert.That(Tokens("out"), Is.EqualTo(["e", "c", "<s>", "f"]));
        Assert.That(Config("out").ToJsonString(), Is.EqualTo("""{"vocab_size":4,"bos_token_id":2}"""));

        // y is none of the models, so nobody has e and f.
        byte[] zeros = new byte[Columns * 2];
        Assert.That(_folder.Bytes("out", "lm_head.weight"), Is.EqualTo((byte[])[.. zeros, .. Row("base", "lm_head.weight", 3), .. Row("base", "lm_head.weight", 0), .. zeros]));
    }

    [Test]
    public void Tokens_that_no_model_has_are_named()
    {
        RunReport report = _folder.Merge("merge_method: passthrough\nmodels: [{model: base}]\ntokenizer_source: y");
        Assert.That(report.Remarks, Has.One.Contains("2 tokens are in no model, so their rows are zeros: \"e\", \"f\""));
    }

    [Test]
    public void Rules_say_where_a_token_s_row_comes_from()
    {
        _folder.Merge("""
            merge_method: passthrough
            models: [{model: base}]
            tokenizer:
              source: base
              tokens:
                a: {source: {kind: zero}, force: true}
                b: {source: {kind: zero}}
                <|new|>: {source: {kind: model_token, model: base, token: c}}
                <|other|>: {source: {kind: model_token, model: base, token_id: 5}}
                <|plain|>:
            """);
        Assert.That(Tokens("out"), Is.EqualTo(["<s>", "a", "b", "c", "<|new|>", "<|other|>", "<|plain|>"]));
        byte[] zeros = new byte[Columns * 2];
        byte[] Of(int row) => Row("base", "lm_head.weight", row);
        Assert.That(_folder.Bytes("out", "lm_head.weight"), Is.EqualTo((byte[])[.. Of(0), .. zeros, .. Of(2), .. Of(3), .. Of(3), .. Of(5), .. zeros]));
    }

    [Test]
    public void A_forced_row_counts_for_every_model()
    {
        _folder.Merge("""
            merge_method: linear
            base_model: base
            models: [{model: base}, {model: x}, {model: y}]
            parameters: {weight: 1}
            tokenizer: {source: base, tokens: {c: {source: x, force: true}}}
            """);
        byte[] forced = ReferenceMerge.Linear(
            ElementType.BF16,
            (1.0 / 3, Tensor(ElementType.BF16, Doubles("x", 3))), (1.0 / 3, Tensor(ElementType.F32, Doubles("x", 3))), (1.0 / 3, Tensor(ElementType.BF16, Doubles("x", 3))));
        Assert.That(_folder.Bytes("out", "lm_head.weight")[(3 * Columns * 2)..], Is.EqualTo(forced));
    }

    [Test]
    public void Rows_beyond_the_tokens_are_the_mean_of_the_others()
    {
        _folder.Merge("merge_method: passthrough\nmodels: [{model: x}]\nbase_model: base\ntokenizer: {source: base, pad_to_multiple_of: 8}");
        Assert.That((int)Config("out")["vocab_size"]!, Is.EqualTo(8));
        double[] sum = new double[Columns];
        foreach (var (model, row) in new[] { ("x", 1), ("x", 0), ("base", 2), ("x", 3) })
            sum = [.. sum.Zip(Doubles(model, row), (s, v) => s + v)];
        byte[] mean = Tensor(ElementType.BF16, [.. sum.Select(s => s / 4)]).Bytes;
        byte[] actual = _folder.Bytes("out", "lm_head.weight");
        Assert.That(actual, Has.Length.EqualTo(8 * Columns * 2));
        for (int row = 4; row < 8; row++)
            Assert.That(actual[(row * Columns * 2)..((row + 1) * Columns * 2)], Is.EqualTo(mean));
    }

    [Test]
    public void An_average_of_rows_is_rounded_once_to_the_type_of_the_output()
    {
        _folder.Merge("""
            merge_method: linear
            base_model: base
            models: [{model: base}, {model: y, parameters: {weight: 0}}, {model: x, parameters: {weight: 0}}]
            parameters: {weight: 1}
            tokenizer_source: union
            dtype: float32
            """);
        double[] average = [.. Doubles("x", 4).Zip(Doubles("y", 0), (x, y) => (x + y) / 2)];
        int row = Array.IndexOf(Tokens("out"), "e");
        Assert.That(_folder.Bytes("out", "lm_head.weight")[(row * Columns * 4)..((row + 1) * Columns * 4)], Is.EqualTo(Tensor(ElementType.F32, average).Bytes));
    }

    [Test]
    public void Rows_without_tokens_stay_where_all_models_have_one_vocabulary()
    {
        _folder.Merge("merge_method: linear\nmodels: [{model: base}, {model: same}]\nparameters: {weight: 1}\ntokenizer_source: union");
        Assert.That(_folder.Bytes("out", "lm_head.weight"), Has.Length.EqualTo(6 * Columns * 2));
        Assert.That(File.ReadAllBytes(_folder.PathOf("out/config.json")), Is.EqualTo(File.ReadAllBytes(_folder.PathOf("base/config.json"))));
    }

    [Test]
    public void A_vector_has_the_base_s_tokens_and_changes_no_other()
    {
        _folder.Extract("same", "delta");
        _folder.Merge("""
            merge_method: dem
            base_model: base
            models: [{vector: delta, parameters: {weight: 1}}, {model: x, parameters: {weight: 0}}]
            tokenizer_source: union
            """);
        byte[] actual = _folder.Bytes("out", "lm_head.weight");
        Assert.That(actual[..(4 * Columns * 2)], Is.EqualTo(_tensors[("same", "lm_head.weight")].Bytes[..(4 * Columns * 2)]));
        Assert.That(actual[(4 * Columns * 2)..], Is.EqualTo((byte[])[.. Combined((1, "x", 2)), .. Combined((1, "x", 4))]));
    }

    [Test]
    public void A_model_without_a_tokenizer_has_the_base_s()
    {
        File.Delete(_folder.PathOf("same/tokenizer.json"));
        RunReport report = _folder.Merge("merge_method: passthrough\nmodels: [{model: same}]\nbase_model: y\ntokenizer_source: base");
        Assert.That(report.Remarks, Has.One.Contains("\"same\" has no tokenizer; its tokens are taken to be the base's"));
        AssertRows("out", "lm_head.weight", [("same", 0), ("same", 1), ("same", 2), ("same", 3)]);
    }

    [TestCase("")]
    [TestCase("tokenizer.model")]
    [TestCase("tokenizer.json")]
    public void Where_all_have_one_tokenizer_its_tokens_need_not_be_known(string file)
    {
        foreach (string model in new[] { "base", "same" })
        {
            File.Delete(_folder.PathOf($"{model}/tokenizer.json"));
            if (file.Length > 0)
                _folder.File(model, file, "\"of a form that nobody knows\"");
        }

        const string Recipe = "merge_method: linear\nmodels: [{model: base}, {model: same}]\nparameters: {weight: 1}";
        _folder.Merge(Recipe, "without");
        _folder.Merge($"{Recipe}\ntokenizer_source: union");
        foreach (var (name, bytes) in _folder.Files("without").Where(one => !ModelFolder.NamesTheRecipe(one.Key)))
            Assert.That(_folder.Files("out")[name], Is.EqualTo(bytes), name);
        Failing.With(ErrorCode.BadSideFile, () => _folder.Merge($"{Recipe}\ntokenizer: {{source: base, pad_to_multiple_of: 8}}", "padded"));
    }

    [Test]
    public void Nothing_but_the_recipe_shows_in_the_rows([Values] IoMode io, [Values(1, 3)] int threads)
    {
        using ModelFolder folder = LargeVocabularies();
        const string Recipe = """
            merge_method: slerp
            base_model: p
            models: [{model: q}]
            parameters: {t: 0.4}
            tokenizer: {source: union, pad_to_multiple_of: 1000}
            """;
        folder.Merge(Recipe, "one", new RunOptions { Threads = 1 });
        folder.Merge(Recipe, "other", new RunOptions { Threads = threads, Io = io, TileBytes = ContentHash.LeafBytes, MaxMemoryBytes = 60L * ContentHash.LeafBytes });
        foreach (var (file, bytes) in folder.Files("one"))
            Assert.That(folder.Files("other")[file].AsSpan().SequenceEqual(bytes), file);
    }

    [Test]
    public void Results_of_earlier_recipes_have_vocabularies_too()
    {
        const string First = "merge_method: slerp\nbase_model: x\nmodels: [{model: y}]\nparameters: {t: 0.5}\ntokenizer_source: union";
        string Second(string first) => $"merge_method: linear\nbase_model: base\nmodels: [{{model: base}}, {{model: {first}}}]\nparameters: {{weight: 1}}\ntokenizer: {{source: union, pad_to_multiple_of: 16}}";
        _folder.Merge(First, "first");
        _folder.Merge(Second("first"), "separate");
        _folder.Merge($"name: stage\n{First}\n---\n{Second("stage")}");
        foreach (var (file, bytes) in _folder.Files("separate").Where(file => !ModelFolder.NamesTheRecipe(file.Key)))
            Assert.That(_folder.Files("out")[file], Is.EqualTo(bytes), file);
    }

    [TestCase("tokenizer_source: base", "bare", "\"bare\" has no tokenizer whose vocabulary could be read")]
    [TestCase("tokenizer: {source: base, tokens: {c: {source: y}}}", "base", "\"y\" is none of the recipe's models")]
    [TestCase("tokenizer: {source: base, tokens: {z: {source: x}}}", "base", "\"x\" has no token \"z\"")]
    [TestCase("tokenizer: {source: base, tokens: {z: {source: {kind: model_token, model: x, token: zz}}}}", "base", "\"x\" has no token \"zz\"")]
    [TestCase("tokenizer: {source: base, tokens: {z: {source: {kind: model_token, model: x, token_id: 5}}}}", "base", "\"x\" has no token \"of id 5\"")]
    [TestCase("tokenizer_source: union", "old", "\"old\" has no tokenizer.json, the only form")]
    public void What_cannot_be_done_is_refused(string tokenizer, string baseModel, string message)
    {
        _folder.Model("bare", [.. _tensors.Where(pair => pair.Key.Model == "base").Select(pair => pair.Value)]);
        _folder.Model("old", [.. _tensors.Where(pair => pair.Key.Model == "base").Select(pair => pair.Value)]).File("old", "vocab.json", """{"a": 0}""");
        DemException error = Assert.Throws<DemException>(() => _folder.Merge(
            $"merge_method: linear\nbase_model: {baseModel}\nmodels: [{{model: {baseModel}}}, {{model: x}}]\nparameters: {{weight: 1}}\n{tokenizer}"))!;
        Assert.That(error.Message, Does.Contain(message));
    }

    private static ModelFolder LargeVocabularies()
    {
        var folder = new ModelFolder();
        string[] tokens = [.. Enumerable.Range(0, 3000).Select(k => $"t{k}")];
        foreach (var (model, seed) in new[] { ("p", 1), ("q", 2) })
        {
            string[] own = [.. tokens];
            new Random(seed).Shuffle(own);
            own = own[..2500];
            folder.Model(model, Values.Random("model.embed_tokens.weight", ElementType.BF16, [own.Length, 130], seed), Values.Random("model.norm.weight", ElementType.BF16, [130], seed))
                .File(model, "tokenizer.json", TokenizerTexts.Bpe(own));
        }

        return folder;
    }

    private static (TensorSpec Spec, byte[] Bytes) Tensor(ElementType type, double[] values) => Values.Tensor("row", type, [1, values.Length], values);

    /// <summary>A sum of rows, rounded to the base's type.</summary>
    private byte[] Combined(params (double Weight, string Model, int Row)[] parts) => ReferenceMerge.Linear(
        ElementType.BF16, [.. parts.Select(part => (part.Weight, Tensor(_tensors[(part.Model, "lm_head.weight")].Spec.Type, Doubles(part.Model, part.Row))))]);

    private double[] Doubles(string model, int row) =>
        Values.Of(_tensors[(model, "lm_head.weight")].Spec.Type, _tensors[(model, "lm_head.weight")].Bytes)[(row * Columns)..((row + 1) * Columns)];

    private byte[] Row(string model, string tensor, int row)
    {
        var (spec, bytes) = _tensors[(model, tensor)];
        int size = (int)spec.Shape.RowElements * spec.Type.Size;
        return bytes[(row * size)..((row + 1) * size)];
    }

    /// <summary>Compares rows with those of models, converted to the output's type where that is another.</summary>
    private void AssertRows(string output, string tensor, (string Model, int Row)[] expected)
    {
        ElementType type = _tensors[(expected[0].Model, tensor)].Spec.Type;
        double[] values = [.. expected.SelectMany(row =>
        {
            var (spec, bytes) = _tensors[(row.Model, tensor)];
            int columns = (int)spec.Shape.RowElements;
            return Values.Of(spec.Type, bytes)[(row.Row * columns)..((row.Row + 1) * columns)];
        })];
        using var checkpoint = Checkpoint.Open(_folder.PathOf(output));
        Assert.That(checkpoint.Find(tensor)!.Spec.Shape.Rows, Is.EqualTo(expected.Length));
        ElementType outputType = checkpoint.Find(tensor)!.Spec.Type;
        Assert.That(_folder.Bytes(output, tensor), Is.EqualTo(Values.Tensor(tensor, outputType, [values.Length], values).Bytes), $"{output}: {tensor} of {type}");
    }

    private string[] Tokens(string output) =>
    [
        .. JsonNode.Parse(File.ReadAllBytes(_folder.PathOf($"{output}/tokenizer.json")))!["model"]!["vocab"]!.AsObject()
            .OrderBy(pair => (int)pair.Value!).Select(pair => pair.Key),
    ];

    private JsonNode Config(string output) => JsonNode.Parse(File.ReadAllBytes(_folder.PathOf($"{output}/config.json")))!;
}
