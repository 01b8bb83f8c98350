using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Numerics;

namespace DemEngine.Evaluation.Tests.Language;

public class LlamaTensorsTests
{
    private static readonly LlamaConfig Config = new()
    {
        VocabularySize = 30,
        HiddenSize = 8,
        IntermediateSize = 20,
        Layers = 2,
        AttentionHeads = 4,
        KeyValueHeads = 2,
        HeadSize = 6,
    };

    private static TensorSpec[] Right => [.. LlamaTensors.Of(Config).Select(tensor => new TensorSpec(tensor.Name, ElementType.BF16, tensor.Shape))];

    [Test]
    public void Names_and_shapes_are_Hugging_Face_s()
    {
        var shapes = LlamaTensors.Of(Config).ToDictionary(tensor => tensor.Name, tensor => tensor.Shape.ToString());
        Assert.Multiple(() =>
        {
            Assert.That(shapes, Has.Count.EqualTo(2 + (2 * 9) + 1));
            Assert.That(shapes["model.embed_tokens.weight"], Is.EqualTo("[30, 8]"));
            Assert.That(shapes["model.layers.1.self_attn.q_proj.weight"], Is.EqualTo("[24, 8]"));
            Assert.That(shapes["model.layers.1.self_attn.k_proj.weight"], Is.EqualTo("[12, 8]"));
            Assert.That(shapes["model.layers.1.self_attn.o_proj.weight"], Is.EqualTo("[8, 24]"));
            Assert.That(shapes["model.layers.0.mlp.gate_proj.weight"], Is.EqualTo("[20, 8]"));
            Assert.That(shapes["model.layers.0.mlp.down_proj.weight"], Is.EqualTo("[8, 20]"));
            Assert.That(shapes["lm_head.weight"], Is.EqualTo("[30, 8]"));
            Assert.That(Config.Parameters, Is.EqualTo(2 * ((24 * 8) + (2 * 12 * 8) + (8 * 24) + (3 * 20 * 8) + (2 * 8)) + (2 * 30 * 8) + 8));
        });
    }

    [Test]
    public void A_right_model_passes_with_what_old_checkpoints_store_beside_it()
    {
        TensorSpec frequencies = new("model.layers.0.self_attn.rotary_emb.inv_freq", ElementType.F32, new TensorShape(3));
        Assert.That(() => LlamaTensors.Check(Config, [.. Right, frequencies], "model"), Throws.Nothing);
        Assert.That(() => LlamaTensors.Check(Config with { TieEmbeddings = true }, Right, "model"), Throws.Nothing);
    }

    [Test]
    public void What_is_wrong_is_named()
    {
        TensorSpec bias = new("model.layers.0.self_attn.q_proj.bias", ElementType.F32, new TensorShape(24));
        Assert.Multiple(() =>
        {
            Refuses(Right[..^1], "lm_head.weight");
            Refuses([.. Right, bias], "q_proj.bias");
            Refuses([.. Right[1..], Right[0] with { Shape = new TensorShape(31, 8) }], "[31, 8]");
            Refuses([.. Right[1..], Right[0] with { Type = ElementType.I8 }], "I8");
        });
    }

    private static void Refuses(TensorSpec[] tensors, string named)
    {
        var error = Assert.Throws<DemException>(() => LlamaTensors.Check(Config, tensors, "models/one"))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.WrongTensors));
        Assert.That(error.Message, Does.StartWith("models/one").And.Contains(named));
    }
}
