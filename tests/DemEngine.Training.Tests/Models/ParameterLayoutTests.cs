using DemEngine.Evaluation.Language;
using DemEngine.Training.Models;

namespace DemEngine.Training.Tests.Models;

public class ParameterLayoutTests
{
    [TestCaseSource(typeof(TinyModels), nameof(TinyModels.All))]
    public void Weights_follow_each_other_matrices_first(LlamaConfig config)
    {
        var layout = new ParameterLayout(config);
        long offset = 0;
        foreach (PlacedWeight weight in layout.Weights)
        {
            Assert.That(weight.Offset, Is.EqualTo(offset));
            Assert.That(weight.Offset < layout.MatrixLength, Is.EqualTo(weight.Shape.Dimensions.Length == 2), weight.Name);
            offset += weight.Shape.ElementCount;
        }

        Assert.That(layout.Length, Is.EqualTo(offset).And.EqualTo(config.Parameters));
        Assert.That(layout.Weights.Select(weight => weight.Name), Is.EquivalentTo(LlamaTensors.Of(config).Select(tensor => tensor.Name)));
    }
}
