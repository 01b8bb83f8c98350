using DemEngine.Evaluation.Language;
using DemEngine.Lab.Benchmarking;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Numerics;
using DemEngine.Tests;

namespace DemEngine.Lab.Tests.Synthesis;

/// <summary>Where a benchmark keeps its models.</summary>
public sealed class BenchFolderTests
{
    [Test]
    public void Shapes_of_one_name_have_models_of_their_own()
    {
        using var folder = new TempFolder();
        IModelShape[] shapes = [.. new[] { ("one", 64), ("other", 128) }.Select(one => Shape(folder, one.Item1, one.Item2))];
        Assert.That(shapes[0].Name, Is.EqualTo(shapes[1].Name));
        Assert.That(Bench.ModelPath(Options(shapes[0]), 0), Is.Not.EqualTo(Bench.ModelPath(Options(shapes[1]), 0)));
        Assert.That(Bench.ModelPath(Options(shapes[0]), 0), Is.EqualTo(Bench.ModelPath(Options(Shape(folder, "again", 64)), 0)));
    }

    [Test]
    public void A_known_shape_has_its_plain_name() =>
        Assert.That(Bench.ModelPath(Options(LlamaShape.Of("tiny")), 2), Is.EqualTo(Path.Combine("bench", "tiny-BF16-tuned2")));

    private static IModelShape Shape(TempFolder folder, string parent, int hidden)
    {
        string model = Path.Combine(folder.Path, parent, "model");
        Directory.CreateDirectory(model);
        File.WriteAllText(
            Path.Combine(model, LlamaConfig.FileName),
            $$"""
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": {{hidden}}, "intermediate_size": 96,
             "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100, "rms_norm_eps": 1e-5}
            """);
        return ModelShapes.Find(model);
    }

    private static BenchOptions Options(IModelShape shape) =>
        new("dem", shape, null, ElementType.BF16, "bench", 1, false, false, null, new RunOptions());
}
