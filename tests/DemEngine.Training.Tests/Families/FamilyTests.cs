using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Data;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Models;
using static TorchSharp.torch;

namespace DemEngine.Training.Tests.Families;

/// <summary>Tiny models of each family, against what transformers computed of them (families.py).</summary>
[TestFixture("llama")]
[TestFixture("mistral")]
[TestFixture("qwen2")]
[TestFixture("qwen3")]
[TestFixture("gemma2")]
[TestFixture("gemma3")]
[TestFixture("mixtral")]
public class FamilyTests(string family)
{
    private readonly string _folder = Path.Combine(TestContext.CurrentContext.TestDirectory, "Families", family);

    [OneTimeSetUp]
    public void Open() => TorchLibrary.Open("cpu", 1);

    [Test]
    public void Logits_and_gradients_are_those_of_transformers()
    {
        using var scope = NewDisposeScope();
        using Checkpoint checkpoint = Checkpoint.Open(_folder);
        using Checkpoint expected = Checkpoint.Open($"{_folder}.safetensors");
        using TorchModel model = TorchModel.Read(new CheckpointWeights(checkpoint));
        Tensor gradients = zeros_like(model.Weights);
        using var decoder = new LlamaDecoder(model.Layout, model.Config, model.Weights, gradients);
        Example[] examples = Examples(expected);

        Tensor tokens = tensor([.. examples.SelectMany(one => one.Tokens).Select(id => (long)id)], [examples.Length, examples[0].Tokens.Length]);
        float[] logits = TinyModels.Numbers(decoder.Logits(decoder.Hidden(tokens)));
        Assert.That(Largest(logits, Read(expected, "logits")), Is.LessThan(2e-5));

        using TokenBatch batch = TokenBatch.Of(examples, CPU);
        Tensor loss = LossMeter.Losses(decoder, batch).mean();
        loss.backward();
        Assert.That(loss.item<float>(), Is.EqualTo(Read(expected, "loss")[0]).Within(2e-6));
        float[] flat = TinyModels.Numbers(gradients);
        foreach (PlacedWeight weight in model.Layout.Weights)
        {
            float[] slopes = flat[(int)weight.Offset..(int)(weight.Offset + weight.Shape.ElementCount)];
            Assert.That(Largest(slopes, Read(expected, $"gradient.{weight.Name}")), Is.LessThan(1e-5), weight.Name);
        }
    }

    [Test]
    public void The_embedded_evaluator_has_the_loss_of_transformers_or_says_that_it_does_not_compute_it()
    {
        using Checkpoint checkpoint = Checkpoint.Open(_folder);
        using Checkpoint expected = Checkpoint.Open($"{_folder}.safetensors");
        var set = new MeasuredSet(new DataSet("set", [.. Examples(expected)]), [Metric.Loss]);
        using var evaluator = new EmbeddedEvaluator([set], 1);
        if (family is "gemma2" or "gemma3" or "mixtral")
        {
            DemException refused = Assert.Throws<DemException>(() => evaluator.Evaluate(new CheckpointWeights(checkpoint)))!;
            Assert.That(refused.Code, Is.EqualTo(ErrorCode.NotEmbedded));
            return;
        }

        Assert.That(
            evaluator.Evaluate(new CheckpointWeights(checkpoint))["set", Metric.Loss], Is.EqualTo(Read(expected, "loss")[0]).Within(1e-5));
    }

    [Test]
    public void Computing_layers_anew_gives_the_same_gradients()
    {
        using var scope = NewDisposeScope();
        using Checkpoint checkpoint = Checkpoint.Open(_folder);
        using Checkpoint expected = Checkpoint.Open($"{_folder}.safetensors");
        using TorchModel model = TorchModel.Read(new CheckpointWeights(checkpoint));
        using TokenBatch batch = TokenBatch.Of(Examples(expected), CPU);
        float[] Gradients(bool recomputes)
        {
            Tensor gradients = zeros_like(model.Weights);
            using var decoder = new LlamaDecoder(model.Layout, model.Config, model.Weights, gradients);
            LossMeter.Differentiate(decoder, batch, 1, recomputes);
            return TinyModels.Numbers(gradients);
        }

        Assert.That(Largest(Gradients(true), Gradients(false)), Is.LessThan(1e-5));
    }

    [Test]
    public void A_configuration_that_is_written_reads_back_the_same()
    {
        LlamaConfig config = LlamaConfig.Read(_folder);
        Assert.That(LlamaConfig.Parse(config.ToJson(DemEngine.Numerics.ElementType.F32), "written"), Is.EqualTo(config));
    }

    private static Example[] Examples(Checkpoint expected)
    {
        int[] tokens = [.. Read(expected, "tokens").Select(id => (int)id)];
        return [.. tokens.Chunk(tokens.Length / 2).Select(one => new Example([.. one], 1))];
    }

    private static float[] Read(Checkpoint file, string name)
    {
        var tensor = file.Find(name)!;
        float[] values = new float[tensor.Spec.Shape.ElementCount];
        WeightDecoding.Decode(tensor, values);
        return values;
    }

    private static double Largest(float[] found, float[] expected)
    {
        Assert.That(found, Has.Length.EqualTo(expected.Length));
        return found.Zip(expected, (a, b) => Math.Abs((double)a - b)).Max();
    }
}
