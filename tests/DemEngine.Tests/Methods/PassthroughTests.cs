using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Methods;

public sealed class PassthroughTests
{
    [Test]
    public void A_model_passes_with_every_bit_that_is_a_number([ValueSource(nameof(Types))] ElementType type)
    {
        var element = ReferenceFloat.Of(type);
        double[] values = [0, -0.0, 1, -1, 0.3, element.Value(1), element.Value(element.Largest), -element.Value(element.Largest)];
        using var run = new MethodRun([values.Length], type, values);
        Assert.That(
            run.Merge("merge_method: passthrough\nmodels: [{model: m0}]").Select(BitConverter.DoubleToInt64Bits),
            Is.EqualTo(run.Of("m0").Select(BitConverter.DoubleToInt64Bits)));
    }

    [Test]
    public void It_is_scaled()
    {
        using var run = new MethodRun([3], ElementType.F32, [1, -2, 0.5]);
        Assert.That(run.Merge("merge_method: passthrough\nmodels: [{model: m0, parameters: {scale: [{filter: w, value: -0.5}, {value: 7}]}}]"), Is.EqualTo(new[] { -0.5, 1, -0.25 }));
    }

    private static IEnumerable<ElementType> Types => ReferenceFloat.Types;
}
