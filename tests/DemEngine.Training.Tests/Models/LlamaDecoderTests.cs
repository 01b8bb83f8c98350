using System.Collections.Immutable;
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
    public void Packed_rows_give_the_losses_and_gradients_of_each_sequence_alone()
    {
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(config);
        Example[] examples = TinyModels.Examples(config, 9);
        ImmutableArray<ImmutableArray<int>> rows = SequencePacking.Of(examples, 20);
        Assert.That(rows.Any(row => row.Length > 2), "rows hold several");
        int[] order = [.. rows.SelectMany(row => row)];
        using TokenBatch packed = TokenBatch.Packed([.. rows.Select(row => row.Select(k => examples[k]).ToArray())], CPU);
        using TokenBatch plain = TokenBatch.Of([.. order.Select(k => examples[k])], CPU);

        Tensor one = zeros_like(weights), two = zeros_like(weights);
        using var first = new LlamaDecoder(_layout, config, weights, one);
        using var second = new LlamaDecoder(_layout, config, weights, two);
        Tensor alone = LossMeter.Losses(first, plain), together = LossMeter.Losses(second, packed);
        Assert.That(packed.Examples, Is.EqualTo(plain.Examples));
        Assert.That((alone - together).abs().max().item<float>(), Is.LessThan(1e-5));
        alone.sum().backward();
        together.sum().backward();
        Assert.That((one - two).abs().max().item<float>(), Is.LessThan(2e-5 * Math.Max(1, one.abs().max().item<float>())));
    }

    [Test]
    public void Layers_that_are_computed_again_give_the_same_gradients([Values] bool isPacked)
    {
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(config);
        Tensor kept = zeros_like(weights), again = zeros_like(weights);
        Example[] examples = TinyModels.Examples(config, 6);
        using TokenBatch batch = isPacked ? TokenBatch.Packed([examples[..3], examples[3..]], CPU) : TokenBatch.Of(examples, CPU);
        using var first = new LlamaDecoder(_layout, config, weights, kept);
        using var second = new LlamaDecoder(_layout, config, weights, again);
        double loss = LossMeter.Differentiate(first, batch, 0.25, recomputes: false);
        Assert.That(LossMeter.Differentiate(second, batch, 0.25, recomputes: true), Is.EqualTo(loss));
        Assert.That(TinyModels.Numbers(kept).Any(slope => slope != 0));
        Assert.That(TinyModels.Numbers(again), Is.EqualTo(TinyModels.Numbers(kept)));
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
