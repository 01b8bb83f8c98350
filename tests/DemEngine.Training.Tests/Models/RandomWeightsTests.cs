using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;

namespace DemEngine.Training.Tests.Models;

public class RandomWeightsTests
{
    private static readonly LlamaConfig Config = TinyModels.Plain with { HiddenSize = 64, IntermediateSize = 96, VocabularySize = 300 };

    [OneTimeSetUp]
    public void Open() => TorchLibrary.Open("cpu", 1);

    [Test]
    public void Weights_have_the_stated_spread()
    {
        var layout = new ParameterLayout(Config);
        using TorchSharp.torch.Tensor flat = RandomWeights.Draw(Config, layout, seed: 5);
        float[] numbers = TinyModels.Numbers(flat);

        double Deviation(string name)
        {
            PlacedWeight weight = layout[name];
            float[] part = numbers[(int)weight.Offset..(int)(weight.Offset + weight.Shape.ElementCount)];
            Assert.That(part.Average(), Is.EqualTo(0).Within(0.005), name);
            return Math.Sqrt(part.Average(value => (double)value * value));
        }

        double expected = Math.Sqrt(2.0 / (5 * 64));
        Assert.That(Deviation(LlamaTensors.Embedding), Is.EqualTo(expected).Within(0.03 * expected));
        Assert.That(Deviation(LlamaTensors.Gate(1)), Is.EqualTo(expected).Within(0.05 * expected));
        Assert.That(Deviation(LlamaTensors.Down(0)), Is.EqualTo(expected / 2).Within(0.03 * expected), "two layers end four branches");
        Assert.That(numbers[(int)layout.MatrixLength..], Is.All.EqualTo(1));
        Assert.That(numbers.Take((int)layout.MatrixLength).Distinct().Count(), Is.GreaterThan(0.99 * layout.MatrixLength));
    }

    [Test]
    public void The_seed_chooses_them()
    {
        var layout = new ParameterLayout(Config);
        float[] Draw(long seed)
        {
            using TorchSharp.torch.Tensor flat = RandomWeights.Draw(Config, layout, seed);
            return TinyModels.Numbers(flat);
        }

        float[] numbers = Draw(3);
        Assert.That(Draw(3), Is.EqualTo(numbers));
        Assert.That(Draw(4).Take((int)layout.MatrixLength).Zip(numbers, (a, b) => a == b).Count(same => same), Is.LessThan(layout.Length / 1000));
    }
}
