using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Tests;

public class EmbeddedGradientTests
{
    [TestCaseSource(typeof(EmbeddedEvaluatorTests), nameof(EmbeddedEvaluatorTests.Shapes))]
    public void Derivatives_are_the_differences_of_the_reference(LlamaConfig config)
    {
        using var model = new TinyModel(config);
        DataSet first = EmbeddedEvaluatorTests.RandomTexts("first", config, [2, 9], seed: 5);
        DataSet second = EmbeddedEvaluatorTests.RandomQuestions("second", config, seed: 6);
        var directions = new RandomDirections(config, 2);
        using var evaluator = new EmbeddedEvaluator(
            [new MeasuredSet(first, [Metric.Loss]), new MeasuredSet(second, [Metric.Loss, Metric.ChoiceAccuracy])], threads: 2);
        GradientScores found = evaluator.Differentiate(model, directions);
        ModelScores plain = evaluator.Evaluate(model);
        Assert.That(found.Scores.Scores.Select(score => score.Value), Is.EqualTo(plain.Scores.Select(score => score.Value)).Within(1e-6));
        Assert.That(found.Tensors, Is.EqualTo(LlamaTensors.Of(config).Select(tensor => tensor.Name)));

        Dictionary<string, double[]> weights = Weights(model);
        Assert.Multiple(() =>
        {
            for (int t = 0; t < found.Tensors.Length; t += t < 2 ? 1 : 4)
            {
                string name = found.Tensors[t];
                double[] along = directions.Of(t % 2, name);
                Assert.That(found.Sets[0].ByDirection[t % 2][t], Is.EqualTo(Difference(first, name, along)).Within(2e-5).Or.EqualTo(Difference(first, name, along)).Within(0.1).Percent, name);
            }

            Assert.That(found.Sets[1].ByDirection[1].Sum(), Is.EqualTo(Difference(second, null, [])).Within(0.1).Percent);
        });

        double Difference(DataSet set, string? tensor, double[] along)
        {
            const double step = 1e-5;
            double At(double by) => -set.Examples.Sum(new ReferenceLlama(config, weights.ToDictionary(
                pair => pair.Key,
                pair => pair.Key == tensor ? [.. pair.Value.Zip(along, (w, d) => w + (by * d))]
                    : tensor is null ? [.. pair.Value.Zip(directions.Of(1, pair.Key), (w, d) => w + (by * d))]
                    : pair.Value)).LogLikelihood) / set.Targets;
            return (At(step) - At(-step)) / (2 * step);
        }
    }

    [Test]
    public void Derivatives_do_not_depend_on_the_number_of_threads()
    {
        LlamaConfig config = TinyModel.Shape with { TieEmbeddings = true };
        using var model = new TinyModel(config);
        DataSet set = EmbeddedEvaluatorTests.RandomTexts("set", config, [.. Enumerable.Range(0, 60).Select(k => 2 + (k * 7 % 40))], seed: 5);
        var directions = new RandomDirections(config, 3);
        double[] Run(int threads)
        {
            using var evaluator = new EmbeddedEvaluator([new MeasuredSet(set, [Metric.Loss])], threads);
            return [.. evaluator.Differentiate(model, directions).Sets[0].ByDirection.SelectMany(one => one)];
        }

        Assert.That(Run(3), Is.EqualTo(Run(1)));
    }

    private static Dictionary<string, double[]> Weights(TinyModel model) => LlamaTensors.Of(model.Config).ToDictionary(
        tensor => tensor.Name,
        tensor =>
        {
            float[] elements = new float[tensor.Shape.ElementCount];
            WeightDecoding.Decode(model.Find(tensor.Name)!, elements);
            return elements.Select(element => (double)element).ToArray();
        });

    private sealed class RandomDirections(LlamaConfig config, int count) : IWeightDirections
    {
        private readonly Dictionary<string, float[]>[] _elements =
        [
            .. Enumerable.Range(0, count).Select(k =>
            {
                var random = new Random(100 + k);
                return LlamaTensors.Of(config).ToDictionary(
                    tensor => tensor.Name,
                    tensor => Enumerable.Range(0, (int)tensor.Shape.ElementCount).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray());
            }),
        ];

        public int Count => count;

        public double[] Of(int direction, string tensor) => [.. _elements[direction][tensor].Select(element => (double)element)];

        public void Read(int direction, string tensor, long first, Span<float> elements) =>
            _elements[direction][tensor].AsSpan((int)first, elements.Length).CopyTo(elements);
    }
}
