using System.Collections.Immutable;
using System.Runtime.Intrinsics.X86;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;
using DemEngine.Numerics;
using DemEngine.Numerics.Simd;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests;

public class EmbeddedEvaluatorTests
{
    private static readonly Metric[] All = [.. Metric.BuiltIn];

    internal static IEnumerable<TestCaseData> Shapes()
    {
        yield return Named("grouped queries", TinyModel.Shape);
        yield return Named("one key-value head", TinyModel.Shape with { KeyValueHeads = 1 });
        yield return Named("a head of keys for each", TinyModel.Shape with { KeyValueHeads = 4 });
        yield return Named("tied", TinyModel.Shape with { TieEmbeddings = true });
        yield return Named("one layer", TinyModel.Shape with { Layers = 1 });
        yield return Named("heads wider than the stream", TinyModel.Shape with { HeadSize = 34 });
        yield return Named("whole vectors", TinyModel.Shape with { HiddenSize = 64, HeadSize = 32, IntermediateSize = 96, VocabularySize = 64, Layers = 2 });
        yield return Named("biases", TinyModel.Shape with { HasBiases = true });
        yield return Named("normalised heads", TinyModel.Shape with { HasHeadNorms = true, Scaling = new LinearScaling(3) });
        yield return Named("a window", TinyModel.Shape with { Window = 5 });
        yield return Named("a window of more than a vector", TinyModel.Shape with { Window = 19, Scaling = new Llama3Scaling(4, 1, 4, 12) });
        yield return Named("other constants", TinyModel.Shape with { RopeTheta = 30, RmsNormEpsilon = 0.5 });

        static TestCaseData Named(string name, LlamaConfig config) => new TestCaseData(config).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Shapes))]
    public void Scores_are_those_of_the_reference(LlamaConfig config)
    {
        using var model = new TinyModel(config);
        DataSet texts = RandomTexts("texts", config, [2, 3, 17, 40, 33, 5], seed: 5);
        DataSet questions = RandomQuestions("questions", config, seed: 6);
        using var evaluator = new EmbeddedEvaluator(
            [new MeasuredSet(texts, [Metric.Loss, Metric.Perplexity]), new MeasuredSet(questions, [Metric.Loss, Metric.ChoiceAccuracy])], threads: 2);
        ModelScores scores = evaluator.Evaluate(model);

        ReferenceLlama reference = model.Reference;
        double loss = -texts.Examples.Sum(reference.LogLikelihood) / texts.Targets;
        Assert.Multiple(() =>
        {
            Assert.That(scores["texts", Metric.Loss], Is.EqualTo(loss).Within(2e-5));
            Assert.That(scores["texts", Metric.Perplexity], Is.EqualTo(Math.Exp(loss)).Within(2e-5 * Math.Exp(loss)));
            Assert.That(
                scores["questions", Metric.Loss], Is.EqualTo(-questions.Examples.Sum(reference.LogLikelihood) / questions.Targets).Within(2e-5));
            Assert.That(
                scores["questions", Metric.ChoiceAccuracy],
                Is.EqualTo(questions.Questions.Average(question => IsRight(question, reference) ? 1.0 : 0.0)));
            Assert.That(scores.Tokens, Is.EqualTo(Sequences(texts, questions).Sum(sequence => sequence.Tokens.Length - 1)));
        });
    }

    [Test]
    public void Only_chosen_tokens_count_in_the_loss()
    {
        using var model = new TinyModel(TinyModel.Shape);
        Example whole = RandomTexts("texts", TinyModel.Shape, [12], seed: 5).Examples[0];
        DataSet set = new("chosen", [new Example(whole.Tokens, [2, 3, 7]), new Example(whole.Tokens, [11])]);
        using var evaluator = new EmbeddedEvaluator([new MeasuredSet(set, [Metric.Loss])], threads: 1);
        double expected = new[] { (4, 2), (8, 7), (12, 11) }.Sum(part => -model.Reference.LogLikelihood(new Example(whole.Tokens[..part.Item1], part.Item2)));
        Assert.That(evaluator.Evaluate(model)["chosen", Metric.Loss], Is.EqualTo(expected / 4).Within(2e-5));
    }

    [Test]
    public void An_exact_match_is_what_greedy_decoding_gives()
    {
        LlamaConfig config = TinyModel.Shape;
        using var model = new TinyModel(config);
        ReferenceLlama reference = model.Reference;
        var random = new Random(8);
        Example[] greedy =
        [
            .. Enumerable.Range(0, 6).Select(k =>
            {
                int[] prompt = RandomTokens(random, config, 3 + k);
                return new Example([.. prompt, .. reference.Generate(prompt, 4)], prompt.Length);
            }),
        ];
        Example[] altered = [.. greedy.Select((example, k) => Altered(example, example.FirstTarget + (k % 4), config))];
        DataSet Set(string name, params ReadOnlySpan<Example> examples) => new(name, [.. examples], hasPrompts: true);

        using var evaluator = new EmbeddedEvaluator(
            new[] { Set("greedy", greedy), Set("altered", altered), Set("mixed", [.. greedy[..2], .. altered]) }
                .Select(set => new MeasuredSet(set, [Metric.ExactMatch])),
            threads: 1);
        ModelScores scores = evaluator.Evaluate(model);
        Assert.That(scores.Scores.Select(score => score.Value), Is.EqualTo(new[] { 1, 0, 0.25 }));
    }

    [Test]
    public void A_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary()
    {
        using var model = new TinyModel(TinyModel.Shape);
        model.Fill(LlamaTensors.Head, 0);
        DataSet set = RandomTexts("texts", model.Config, [9, 12], seed: 3);
        using var evaluator = new EmbeddedEvaluator([new MeasuredSet(set, [Metric.Perplexity])], threads: 1);
        Assert.That(evaluator.Evaluate(model)["texts", Metric.Perplexity], Is.EqualTo(model.Config.VocabularySize).Within(1e-5));
    }

    [Test]
    public void Nothing_ahead_is_seen()
    {
        using var model = new TinyModel(TinyModel.Shape);
        Example whole = RandomTexts("", model.Config, [30], seed: 9).Examples[0];
        DataSet Part(string name, int from, int to) => new(name, [new Example(whole.Tokens[..to], from)]);
        using var evaluator = new EmbeddedEvaluator(
            new[] { Part("all", 1, 30), Part("first", 1, 18), Part("rest", 18, 30) }.Select(set => new MeasuredSet(set, [Metric.Loss])), threads: 1);
        ModelScores scores = evaluator.Evaluate(model);
        Assert.That(
            (17 * scores["first", Metric.Loss]) + (12 * scores["rest", Metric.Loss]), Is.EqualTo(29 * scores["all", Metric.Loss]).Within(1e-9));
    }

    [Test]
    public void Neither_threads_nor_batches_nor_the_width_of_vectors_show()
    {
        using var model = new TinyModel(TinyModel.Shape with { HiddenSize = 52, HeadSize = 20, IntermediateSize = 75 });
        DataSet texts = RandomTexts("texts", model.Config, [.. Enumerable.Range(0, 14).Select(k => 2 + (k * 11 % 50))], seed: 11);
        DataSet questions = RandomQuestions("questions", model.Config, seed: 12);
        MeasuredSet[] sets = [new(texts, [Metric.Loss]), new(questions, [.. All])];

        ImmutableArray<Score> Run(int threads, int? rows, VectorWidth width)
        {
            using var evaluator = new EmbeddedEvaluator(sets, threads, width, rows);
            return evaluator.Evaluate(model).Scores;
        }

        ImmutableArray<Score> expected = Run(1, null, VectorWidth.Bits512);
        Assert.Multiple(() =>
        {
            foreach (var (threads, rows) in new (int, int?)[] { (1, 1), (2, 1), (3, 7), (1, 60), (2, 10_000), (5, null) })
                Assert.That(Run(threads, rows, VectorWidth.Bits512), Is.EqualTo(expected), $"{threads} threads, {rows} rows");
            if (Fma.IsSupported)
            {
                foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
                    Assert.That(Run(2, null, width), Is.EqualTo(expected), $"{width}");
            }
        });
    }

    [Test]
    public void One_model_leaves_nothing_to_the_next()
    {
        using var model = new TinyModel(TinyModel.Shape);
        using var broken = new TinyModel(TinyModel.Shape);
        using var wider = new TinyModel(TinyModel.Shape with { HiddenSize = 24, Layers = 1 });
        broken.Fill(LlamaTensors.Value(0), float.NaN);
        broken.Fill(LlamaTensors.Embedding, float.PositiveInfinity);
        DataSet set = RandomQuestions("set", model.Config, seed: 13);
        using var evaluator = new EmbeddedEvaluator([new MeasuredSet(set, [Metric.Loss, Metric.ExactMatch])], threads: 2);

        double expected = evaluator.Evaluate(model)["set", Metric.Loss];
        ModelScores worst = evaluator.Evaluate(broken);
        double ofWider = evaluator.Evaluate(wider)["set", Metric.Loss];
        Assert.Multiple(() =>
        {
            Assert.That(worst["set", Metric.Loss], Is.NaN);
            Assert.That(worst["set", Metric.ExactMatch], Is.Zero);
            Assert.That(ofWider, Is.EqualTo(-set.Examples.Sum(wider.Reference.LogLikelihood) / set.Targets).Within(2e-5));
            Assert.That(evaluator.Evaluate(model)["set", Metric.Loss], Is.EqualTo(expected));
        });
    }

    [TestCase(ElementType.F32)]
    [TestCase(ElementType.F64)]
    [TestCase(ElementType.BF16)]
    public void A_checkpoint_scores_as_the_same_weights_in_memory(ElementType type)
    {
        using var folder = new TempFolder();
        using var model = new TinyModel(TinyModel.Shape);
        model.Write(folder.PathOf("model"), type);
        using var checkpoint = Checkpoint.Open(folder.PathOf("model"));
        DataSet set = RandomTexts("set", model.Config, [20, 21], seed: 14);
        using var evaluator = new EmbeddedEvaluator([new MeasuredSet(set, [Metric.Loss])], threads: 1);
        Assert.That(evaluator.Evaluate(new CheckpointWeights(checkpoint)).Scores, Is.EqualTo(evaluator.Evaluate(model).Scores));
    }

    [Test]
    public void A_long_vocabulary_is_scored_in_parts()
    {
        LlamaConfig config = TinyModel.Shape with { VocabularySize = 70_000, Layers = 1, HiddenSize = 8, HeadSize = 4, AttentionHeads = 2 };
        using var model = new TinyModel(config);
        DataSet set = RandomTexts("set", config, [10, 14], seed: 15);
        using var evaluator = new EmbeddedEvaluator([new MeasuredSet(set, [Metric.Loss])], threads: 1);
        Assert.That(
            evaluator.Evaluate(model)["set", Metric.Loss], Is.EqualTo(-set.Examples.Sum(model.Reference.LogLikelihood) / set.Targets).Within(2e-5));
    }

    [Test]
    public void What_cannot_be_measured_is_refused()
    {
        DataSet texts = RandomTexts("texts", TinyModel.Shape, [5], seed: 1);
        foreach (Metric metric in new[] { Metric.ExactMatch, Metric.ChoiceAccuracy, new Metric("bleu", HigherIsBetter: true) })
        {
            var error = Assert.Throws<DemException>(() => new EmbeddedEvaluator([new MeasuredSet(texts, [metric])], threads: 1).Dispose())!;
            Assert.That(error.Code, Is.EqualTo(ErrorCode.MetricNotApplicable));
            Assert.That(error.Message, Does.Contain(metric.Name).And.Contains("texts"));
        }
    }

    [Test]
    public void A_model_that_does_not_fit_is_refused_by_name()
    {
        DataSet set = RandomTexts("texts", TinyModel.Shape, [30], seed: 1);
        using var evaluator = new EmbeddedEvaluator([new MeasuredSet(set, [Metric.Loss])], threads: 1);
        Refuses(TinyModel.Shape with { VocabularySize = 5 }, ErrorCode.TokenOutOfRange);
        Refuses(TinyModel.Shape with { MaxPositions = 29 }, ErrorCode.ExampleTooLong);

        using var incomplete = new TinyModel(TinyModel.Shape);
        incomplete.Remove(LlamaTensors.Gate(1));
        Assert.That(
            Assert.Throws<DemException>(() => evaluator.Evaluate(incomplete))!.Code, Is.EqualTo(ErrorCode.WrongTensors));

        void Refuses(LlamaConfig config, ErrorCode code)
        {
            using var model = new TinyModel(config);
            var error = Assert.Throws<DemException>(() => evaluator.Evaluate(model))!;
            Assert.That(error.Code, Is.EqualTo(code));
            Assert.That(error.Message, Does.StartWith(model.Name));
        }
    }

    private static IEnumerable<Example> Sequences(DataSet texts, DataSet questions) =>
        [.. texts.Examples, .. questions.Examples, .. questions.Questions.SelectMany(question => question.Choices)];

    private static bool IsRight(Question question, ReferenceLlama reference)
    {
        double[] likelihoods = [.. question.Choices.Select(reference.LogLikelihood)];
        return Array.IndexOf(likelihoods, likelihoods.Max()) == question.Answer;
    }

    private static Example Altered(Example example, int at, LlamaConfig config) =>
        new(example.Tokens.SetItem(at, (example.Tokens[at] + 1) % config.VocabularySize), example.FirstTarget);

    private static int[] RandomTokens(Random random, LlamaConfig config, int length) =>
        [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabularySize))];

    internal static DataSet RandomTexts(string name, LlamaConfig config, int[] lengths, int seed)
    {
        var random = new Random(seed);
        return new DataSet(name, [.. lengths.Select(length => new Example([.. RandomTokens(random, config, length)], 1 + random.Next(Math.Min(3, length - 1))))]);
    }

    internal static DataSet RandomQuestions(string name, LlamaConfig config, int seed)
    {
        var random = new Random(seed);
        Question[] questions =
        [
            .. Enumerable.Range(0, 9).Select(k =>
            {
                int[] prompt = RandomTokens(random, config, 2 + k);
                return new Question(
                    [.. Enumerable.Range(0, 4).Select(c => new Example([.. prompt, .. RandomTokens(random, config, 1 + (c % 2))], prompt.Length))],
                    random.Next(4));
            }),
        ];
        return new DataSet(name, [.. questions.Select(question => question.Choices[question.Answer])], [.. questions], hasPrompts: true);
    }
}
