using DemEngine.Checkpoints;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Buffers that a model holds in binary32 are not rounded by the recipe's type.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class KeptBuffersTests
{
    private const string Recipe = """
        merge_method: linear
        models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]
        dtype: TYPE
        """;

    private static readonly double[] Frequencies = [1, 0.749894209, 0.562341325];

    private ModelFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ModelFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void They_stay_binary32_and_a_note_counts_them([Values("float16", "bfloat16", "float64", "float8_e4m3fn")] string type)
    {
        RunReport report = Merge(ElementType.BF16, type);
        Assert.That(Type("rotary_emb.inv_freq"), Is.EqualTo(ElementType.F32));
        Assert.That(Type("layers.0.gate.e_score_correction_bias"), Is.EqualTo(ElementType.F32));
        Assert.That(Type("layers.0.weight").TorchName, Is.EqualTo(type));
        Assert.That(Type("layers.0.norm").TorchName, Is.EqualTo(type), "no buffer, and converted");
        Assert.That(_folder.Values("out", "rotary_emb.inv_freq"), Is.EqualTo(Frequencies.Select(one => (double)(float)one)));
        Assert.That(_folder.Values("out", "layers.0.gate.e_score_correction_bias"), Is.EqualTo(new double[] { (1.000001f + 1.000003f) / 2 }).Within(1e-7));
        Assert.That(report.Remarks, Has.One.StartsWith("2 buffers stay float32").And.One.Contains("inv_freq").And.One.Contains(type));
    }

    [Test]
    public void Nothing_is_said_where_no_type_is_changed()
    {
        Assert.That(Merge(ElementType.BF16, "float32").Remarks, Is.Empty);
        Assert.That(Type("layers.0.weight"), Is.EqualTo(ElementType.F32));
    }

    [Test]
    public void In_a_model_of_binary32_everything_is_converted()
    {
        Assert.That(Merge(ElementType.F32, "bfloat16").Remarks, Is.Empty);
        Assert.That(Type("rotary_emb.inv_freq"), Is.EqualTo(ElementType.BF16));
    }

    private RunReport Merge(ElementType matrices, string type)
    {
        foreach (var (model, bias) in new[] { ("a", 1.000001), ("b", 1.000003) })
        {
            _folder.Model(
                model,
                Values.Tensor("rotary_emb.inv_freq", ElementType.F32, [3], Frequencies),
                Values.Tensor("layers.0.gate.e_score_correction_bias", ElementType.F32, [1], bias),
                Values.Tensor("layers.0.norm", ElementType.F32, [2], 1.5),
                Values.Tensor("layers.0.weight", matrices, [4, 4], 0.25));
        }

        return _folder.Merge(Recipe.Replace("TYPE", type, StringComparison.Ordinal));
    }

    private ElementType Type(string tensor)
    {
        using Checkpoint written = Checkpoint.Open(_folder.PathOf("out"));
        return written.Find(tensor)!.Spec.Type;
    }
}
