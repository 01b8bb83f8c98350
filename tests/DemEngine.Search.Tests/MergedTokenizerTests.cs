using System.Collections.Immutable;
using System.Text.Json.Nodes;
using DemEngine.Backends.Cpu;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Vocabularies;

namespace DemEngine.Search.Tests;

/// <summary>Validation sets of text are read with the tokenizer of the models that are judged.</summary>
public sealed class MergedTokenizerTests
{
    private ModelFolder _folder = null!;

    [SetUp]
    public void WriteModels()
    {
        _folder = new ModelFolder();
        foreach (var (model, tokens) in new[] { ("base", new[] { "a", "b" }), ("tuned", ["b", "a"]), ("other", ["c", "b", "d", "a"]) })
        {
            _folder.Model(
                    model, Values.Random("model.embed_tokens.weight", ElementType.F32, [tokens.Length, 4], 1), Values.Random("lm_head.weight", ElementType.F32, [tokens.Length, 4], 2))
                .File(model, "config.json", $$"""
                    {"architectures": ["LlamaForCausalLM"], "hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1,
                     "rms_norm_eps": 1e-5, "vocab_size": {{tokens.Length}}}
                    """)
                .File(model, "tokenizer.json", TokenizerTexts.Bpe(tokens));
        }

        File.WriteAllText(_folder.PathOf("text.jsonl"), """{"text": "a b"}""");
    }

    [TearDown]
    public void DeleteModels() => _folder.Dispose();

    [TestCase("tokenizer_source: base", "base", 2, 0, 1)]
    [TestCase("tokenizer_source: PATH", "other", 4, 3, 1)]
    [TestCase("tokenizer_source: union", null, 4, 0, 1)]
    [TestCase("tokenizer: {source: union, tokens: {e: {source: {kind: zero}}}}", null, 5, 0, 1)]
    public void It_is_that_of_the_result(string source, string? from, int size, params int[] expected)
    {
        var reader = new Words();
        MeasuredSet set = Open($"{source.Replace("PATH", "other", StringComparison.Ordinal)}", reader);
        Assert.That(reader.File, from is null ? Does.Not.StartWith(_folder.Path) : Is.EqualTo(_folder.PathOf($"{from}/tokenizer.json")));
        Assert.That(reader.Size, Is.EqualTo(size));
        Assert.That(reader.ConfiguredSize, Is.EqualTo(size));
        Assert.That(set.Data.Examples.Single().Tokens.SkipLast(1), Is.EqualTo(expected));
        Assert.That(File.Exists(reader.File), Is.EqualTo(from is not null), "what was made for reading is gone");
    }

    [Test]
    public void Tokens_that_another_model_adds_are_known()
    {
        File.WriteAllText(_folder.PathOf("text.jsonl"), """{"text": "d a c"}""");
        Assert.That(Open("tokenizer_source: union", new Words()).Data.Examples.Single().Tokens.SkipLast(1), Is.EqualTo(new[] { 3, 0, 2 }));
        Assert.That(Failing.With(ErrorCode.NoTokenizer, () => Open("tokenizer_source: base", new Words())).Message, Does.Contain("no word d"));
    }

    private MeasuredSet Open(string source, ITokenizerReader reader)
    {
        string text = $"merge_method: linear\nbase_model: base\nmodels: [{{model: tuned, parameters: {{weight: 1}}}}, {{model: other, parameters: {{weight: 1}}}}]\n{source}";
        Recipe recipe = RecipeReader.Resolve(RecipeReader.Parse(text, "r.yaml"), _folder.Path);
        using var cpu = new CpuBackend();
        using var merge = MemoryMerge.Open(recipe, new AlignmentOptions(), cpu, new RunOptions());
        MeasuredSet? opened = null;
        SearchJudge judge = SearchJudge.OnSets([new DataFile("text", _folder.PathOf("text.jsonl"))], reader, Metric.Loss, sets =>
        {
            opened = sets.Single();
            return new DistanceJudge();
        });
        judge.Open(merge, recipe).Evaluator.Dispose();
        return opened!;
    }

    /// <summary>Takes each word for a token.</summary>
    private sealed class Words : ITokenizerReader, ITokenizer
    {
        private JsonObject _ids = [];

        public string File { get; private set; } = "";

        public int Size => _ids.Count;

        public int ConfiguredSize { get; private set; }

        public int VocabularySize => ConfiguredSize;

        public int? BeginOfText => null;

        public int EndOfText => 1;

        public ITokenizer Read(string file, LlamaConfig config)
        {
            File = file;
            ConfiguredSize = config.VocabularySize;
            JsonNode json = JsonNode.Parse(System.IO.File.ReadAllText(file))!;
            _ids = json["model"]!["vocab"]!.AsObject();
            foreach (JsonNode? added in json["added_tokens"]!.AsArray())
                _ids.TryAdd((string)added!["content"]!, (int)added["id"]!);
            return this;
        }

        public ImmutableArray<int> Encode(string text) =>
            [.. text.Split(' ').Select(word => (int)(_ids[word] ?? throw new DemException(ErrorCode.NoTokenizer, $"no word {word}")))];

        public string Decode(ReadOnlySpan<int> tokens) => throw new NotSupportedException();
    }
}
