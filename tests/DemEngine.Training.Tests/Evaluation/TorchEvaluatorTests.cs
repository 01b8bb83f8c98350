using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Models;
using DemEngine.Training.Runs;

namespace DemEngine.Training.Tests.Evaluation;

public class TorchEvaluatorTests
{
    private static readonly LlamaConfig Larger = TinyModels.Plain with
    {
        VocabularySize = 259,
        HiddenSize = 48,
        IntermediateSize = 100,
        Layers = 3,
        AttentionHeads = 6,
        KeyValueHeads = 3,
        HeadSize = 8,
        MaxPositions = 64,
    };

    private static IEnumerable<TestCaseData> Configs => [.. TinyModels.All, new TestCaseData(Larger).SetArgDisplayNames("larger")];

    [TestCaseSource(nameof(Configs))]
    public void It_agrees_with_the_embedded_evaluator(LlamaConfig config)
    {
        using TorchModel model = config == Larger ? TorchModel.Draw(config, seed: 3) : TinyModels.Model(config);
        MeasuredSet[] sets = Sets(config);
        using var torch = new TorchEvaluator(sets, "cpu", 1, maxPositions: 50);
        using var embedded = new EmbeddedEvaluator(sets, 1);

        ModelScores scores = torch.Evaluate(model);
        ModelScores expected = embedded.Evaluate(model);

        Assert.That(torch.Measures, Is.EqualTo(embedded.Measures));
        Assert.That(scores.Tokens, Is.EqualTo(expected.Tokens));
        foreach (var (score, other) in scores.Scores.Zip(expected.Scores))
        {
            Assert.That((score.Set, score.Metric, score.Count), Is.EqualTo((other.Set, other.Metric, other.Count)));
            double tolerance = score.Metric == Metric.Loss ? 1e-4 : score.Metric == Metric.Perplexity ? 1e-4 * other.Value : 1e-9;
            Assert.That(score.Value, Is.EqualTo(other.Value).Within(tolerance), $"{score.Metric} on {score.Set}");
        }
    }

    [Test]
    public void A_model_whose_completions_are_certain_matches_exactly()
    {
        // Trained on by heart.
        LlamaConfig config = TinyModels.Plain;
        DataSet data = new("data", [new Example([1, 2, 3, 4, 5], 2), new Example([6, 7, 8, 9, 10, 0], 3)], hasPrompts: true);
        using TorchModel start = TorchModel.Draw(config, seed: 1);
        var (model, _) = Trainer.Train(
            start, data, data, new() { Steps = 60, BatchSize = 2, LearningRate = 0.02, WarmupSteps = 0, EvaluateEvery = 20, Threads = 1 });
        using (model)
        {
            DataSet wrong = new("wrong", [new Example([1, 2, 3, 4, 5], 2), new Example([6, 7, 8, 9, 10, 1], 3)], hasPrompts: true);
            using var evaluator = new TorchEvaluator([new MeasuredSet(data, [Metric.ExactMatch]), new MeasuredSet(wrong, [Metric.ExactMatch])], "cpu", 1);
            ModelScores scores = evaluator.Evaluate(model);
            Assert.That(scores["data", Metric.ExactMatch], Is.EqualTo(1));
            Assert.That(scores["wrong", Metric.ExactMatch], Is.EqualTo(0.5));
            Assert.That(evaluator.Evaluate(start)["data", Metric.ExactMatch], Is.LessThan(1), "weights of one model take the place of another's");
        }
    }

    [TestCaseSource(typeof(TinyModels), nameof(TinyModels.All))]
    public void Derivatives_are_those_of_the_embedded_evaluator(LlamaConfig config)
    {
        using TorchModel model = TinyModels.Model(config);
        var random = new Random(4);
        DataSet Set(string name, params int[] lengths) => new(
            name, [.. lengths.Select(length => new Example([.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabularySize))], 1))]);
        MeasuredSet[] sets = [new(Set("a", 5, 9, 3), [Metric.Loss]), new(Set("b", 12, 2), [Metric.Loss])];
        using TorchModel other = TinyModels.Model(config, seed: 7);
        var directions = new ToModel(other);
        using var torch = new TorchEvaluator(sets, "cpu", 1, maxPositions: 16);
        using var embedded = new EmbeddedEvaluator(sets, 1);
        GradientScores found = torch.Differentiate(model, directions), wanted = embedded.Differentiate(model, directions);
        Assert.That(found.Tensors, Is.EqualTo(wanted.Tensors));
        for (int set = 0; set < sets.Length; set++)
            Assert.That(found.Sets[set].ByDirection[0], Is.EqualTo(wanted.Sets[set].ByDirection[0]).Within(2e-4));
        Assert.That(found.Sets[0].ByDirection[0].Sum(Math.Abs), Is.GreaterThan(0.1));
    }

    [Test]
    public void What_does_not_fit_the_model_is_a_named_error()
    {
        LlamaConfig config = TinyModels.Plain;
        using TorchModel model = TinyModels.Model(config);
        DemException Failure(Example example)
        {
            using var evaluator = new TorchEvaluator([new MeasuredSet(new DataSet("data", [example]), [Metric.Loss])], "cpu", 1);
            return Assert.Throws<DemException>(() => evaluator.Evaluate(model))!;
        }

        Assert.That(Failure(new Example([1, config.VocabularySize], 1)).Code, Is.EqualTo(ErrorCode.TokenOutOfRange));
        Assert.That(Failure(new Example([.. Enumerable.Repeat(1, config.MaxPositions + 1)], 1)).Code, Is.EqualTo(ErrorCode.ExampleTooLong));
        Assert.That(
            () => new TorchEvaluator([new MeasuredSet(new DataSet("data", [new Example([1, 2], 1)]), [Metric.ExactMatch])], "cpu", 1).Dispose(),
            Throws.InstanceOf<DemException>().With.Property(nameof(DemException.Code)).EqualTo(ErrorCode.MetricNotApplicable));
        Assert.That(
            () => new TorchEvaluator([new MeasuredSet(new DataSet("data", [new Example([1, 2], 1)]), [Metric.Loss])], "cuda:77", 1).Dispose(),
            Throws.InstanceOf<DemException>().With.Property(nameof(DemException.Code)).EqualTo(ErrorCode.NoTorchDevice));
    }

    private static MeasuredSet[] Sets(LlamaConfig config)
    {
        Example[] examples = TinyModels.Examples(config, 40);
        var random = new Random(8);
        Question[] questions =
        [
            .. Enumerable.Range(0, 30).Select(_ =>
            {
                int[] prompt = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(config.VocabularySize))];
                // All different: of equals the first is taken, and roundings would decide which are equal.
                Example[] choices =
                [
                    .. Enumerable.Range(0, 4).Select(choice => new Example(
                        [.. prompt, choice, .. Enumerable.Range(0, random.Next(3)).Select(_ => random.Next(config.VocabularySize))], prompt.Length)),
                ];
                return new Question([.. choices], random.Next(4));
            }),
        ];
        return
        [
            new MeasuredSet(new DataSet("prompts", [.. examples], hasPrompts: true), [Metric.Perplexity, Metric.ExactMatch, Metric.Loss]),
            new MeasuredSet(
                new DataSet("questions", [.. questions.Select(question => question.Choices[question.Answer])], [.. questions], hasPrompts: true),
                [Metric.Loss, Metric.ChoiceAccuracy]),
        ];
    }

    private sealed class ToModel(TorchModel model) : IWeightDirections
    {
        public int Count => 1;

        public void Read(int direction, string tensor, long first, Span<float> elements) =>
            WeightDecoding.Decode(model.Find(tensor)!, first, elements);
    }
}
