using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Models;
using DemEngine.Training.Tests.Reference;
using static TorchSharp.torch;

namespace DemEngine.Training.Tests.Models;

[TestFixtureSource(typeof(TinyModels), nameof(TinyModels.Fixtures))]
public class LlamaDecoderTests(LlamaConfig config)
{
    private readonly ParameterLayout _layout = new(config);

    [OneTimeSetUp]
    public void Open() => TorchLibrary.Open("cpu", 1);

    [Test]
    public void The_scores_are_those_of_the_plain_definition()
    {
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(config);
        using var model = new LlamaDecoder(_layout, config, weights, null);
        int[][] sequences = [[3, 1, 4, 1, 5, 9, 2, 6], [10, 0, 7, 7, 7, 1, 2, 3]];
        Tensor tokens = tensor([.. sequences.SelectMany(row => row).Select(id => (long)id)], [2, 8]);

        float[] scores = TinyModels.Numbers(model.Logits(model.Hidden(tokens)));

        PlainLlama reference = TinyModels.Reference(config, TinyModels.Numbers(weights));
        double[] expected = [.. sequences.SelectMany(reference.Logits).SelectMany(row => row)];
        Assert.That(expected.Max() - expected.Min(), Is.GreaterThan(1), "the scores say something");
        Assert.That(scores.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2e-5));
    }

    [Test]
    public void Losses_of_filled_up_batches_are_those_of_each_sequence_alone()
    {
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(config);
        using var model = new LlamaDecoder(_layout, config, weights, null);
        Example[] examples = TinyModels.Examples(config, 7);
        using TokenBatch batch = TokenBatch.Of(examples, CPU);

        float[] losses = TinyModels.Numbers(LossMeter.Losses(model, batch));

        PlainLlama reference = TinyModels.Reference(config, TinyModels.Numbers(weights));
        for (int i = 0; i < examples.Length; i++)
        {
            double sum = losses.Where((_, n) => batch.Examples[n] == i).Sum(loss => (double)loss);
            Assert.That(sum, Is.EqualTo(reference.Loss(examples[i])).Within(1e-4), $"example {i}");
        }
    }

    [Test]
    public void Gradients_are_the_slopes_of_the_plain_definition()
    {
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(config);
        Tensor gradients = zeros_like(weights);
        using var model = new LlamaDecoder(_layout, config, weights, gradients);
        Example[] examples = TinyModels.Examples(config, 3);
        using (TokenBatch batch = TokenBatch.Of(examples, CPU))
            LossMeter.Losses(model, batch).sum().backward();
        float[] computed = TinyModels.Numbers(gradients);

        // Central differences in double, of every weight.
        const double h = 1e-5;
        double[] flat = [.. TinyModels.Numbers(weights).Select(value => (double)value)];
        double[] slopes = new double[flat.Length];
        Dictionary<string, double[]> parts = _layout.Weights.ToDictionary(weight => weight.Name, weight => flat[(int)weight.Offset..(int)(weight.Offset + weight.Shape.ElementCount)]);
        var reference = new PlainLlama(config, parts);
        foreach (PlacedWeight weight in _layout.Weights)
        {
            double[] part = parts[weight.Name];
            for (int i = 0; i < part.Length; i++)
            {
                double value = part[i];
                part[i] = value + h;
                double above = examples.Sum(reference.Loss);
                part[i] = value - h;
                double below = examples.Sum(reference.Loss);
                part[i] = value;
                slopes[weight.Offset + i] = (above - below) / (2 * h);
            }
        }

        double largest = slopes.Max(Math.Abs);
        Assert.That(largest, Is.GreaterThan(0.1), "the gradient says something");
        Assert.That(computed.Zip(slopes, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2e-5 * Math.Max(1, largest)));
    }

    [Test]
    public void Backward_passes_add_up()
    {
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(config);
        Tensor gradients = zeros_like(weights);
        using var model = new LlamaDecoder(_layout, config, weights, gradients);
        using TokenBatch batch = TokenBatch.Of(TinyModels.Examples(config, 3), CPU);
        LossMeter.Losses(model, batch).sum().backward();
        Tensor once = gradients.clone();
        LossMeter.Losses(model, batch).sum().backward();
        Assert.That((gradients - (2 * once)).abs().max().item<float>(), Is.Zero);
    }

    [Test]
    public void In_bfloat16_the_loss_is_nearly_the_same()
    {
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(config) * 0.5;
        Example[] examples = TinyModels.Examples(config, 7);
        using TokenBatch batch = TokenBatch.Of(examples, CPU);
        using var wide = new LlamaDecoder(_layout, config, weights, null);
        using var narrow = new LlamaDecoder(_layout, config, weights.to_type(ScalarType.BFloat16), null);
        double expected = LossMeter.Losses(wide, batch).mean().item<float>();
        Tensor losses = LossMeter.Losses(narrow, batch);
        Assert.That(losses.dtype, Is.EqualTo(ScalarType.Float32));
        Assert.That(losses.mean().item<float>(), Is.EqualTo(expected).Within(0.05).And.Not.EqualTo(expected));
    }
}
