using DemEngine.Training.Models;
using DemEngine.Training.Optimization;
using DemEngine.Training.Settings;
using static TorchSharp.torch;

namespace DemEngine.Training.Tests.Optimization;

public class AdamWTests
{
    [Test]
    public void Steps_are_those_of_the_paper()
    {
        TorchLibrary.Open("cpu", 1);
        var layout = new ParameterLayout(TinyModels.Shared);
        using var scope = NewDisposeScope();
        Tensor weights = TinyModels.Weights(TinyModels.Shared);
        double[] expected = [.. TinyModels.Numbers(weights).Select(value => (double)value)];
        double[] first = new double[expected.Length], second = new double[expected.Length];
        var options = new AdamWOptions(Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-3, WeightDecay: 0.2);
        using var optimiser = new AdamW(weights, layout.MatrixLength, options);

        var random = new Random(4);
        for (int step = 1; step <= 5; step++)
        {
            float[] gradient = [.. expected.Select(_ => (float)(random.NextDouble() - 0.5))];
            double rate = 0.01 * step;
            optimiser.Step(tensor(gradient), rate, step);
            for (int i = 0; i < expected.Length; i++)
            {
                first[i] = (0.8 * first[i]) + (0.2 * gradient[i]);
                second[i] = (0.9 * second[i]) + (0.1 * gradient[i] * gradient[i]);
                double decay = i < layout.MatrixLength ? rate * 0.2 * expected[i] : 0;
                double m = first[i] / (1 - Math.Pow(0.8, step));
                double v = second[i] / (1 - Math.Pow(0.9, step));
                expected[i] -= decay + (rate * m / (Math.Sqrt(v) + 1e-3));
            }
        }

        Assert.That(TinyModels.Numbers(weights).Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2e-6));
    }
}
