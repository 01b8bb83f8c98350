using DemEngine.Checkpoints.Layers;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Where tensors lie in a network, by the names that common architectures give them.</summary>
public sealed class LayerDepthTests
{
    [TestCase("model.layers.7.mlp.up_proj.weight", "model.layers", 7)]
    [TestCase("h.11.attn.c_attn.weight", "h", 11)]
    [TestCase("transformer.h.3.self_attention.query_key_value.weight", "transformer.h", 3)]
    [TestCase("gpt_neox.layers.5.attention.dense.bias", "gpt_neox.layers", 5)]
    [TestCase("encoder.block.2.layer.1.DenseReluDense.wi.weight", "encoder.block", 2)]
    [TestCase("decoder.block.4.layer.0.SelfAttention.q.weight", "decoder.block", 4)]
    [TestCase("bert.encoder.layer.9.output.dense.weight", "bert.encoder.layer", 9)]
    [TestCase("transformer.blocks.1.ffn.up_proj.weight", "transformer.blocks", 1)]
    [TestCase("model.layers.1.block_sparse_moe.experts.6.w1.weight", "model.layers", 1)]
    [TestCase("model.norm.weight", null, 0)]
    [TestCase("lm_head.weight", null, 0)]
    [TestCase("layers", null, 0)]
    [TestCase("model.layers.99999999999.x", null, 0)]
    public void A_name_says_its_stack_and_layer(string tensor, string? stack, int layer) =>
        Assert.That(LayerName.Parse(tensor), Is.EqualTo(new LayerName(stack, layer)));

    [TestCase("model.embed_tokens.weight", true, true)]
    [TestCase("lm_head.weight", false, true)]
    [TestCase("wte.weight", true, true)]
    [TestCase("wpe.weight", true, false)]
    [TestCase("transformer.wte.weight", true, true)]
    [TestCase("transformer.word_embeddings.weight", true, true)]
    [TestCase("shared.weight", true, true)]
    [TestCase("gpt_neox.embed_in.weight", true, true)]
    [TestCase("embed_out.weight", false, true)]
    [TestCase("model.norm.weight", false, false)]
    [TestCase("transformer.ln_f.bias", false, false)]
    public void Embeddings_and_vocabularies_are_known(string tensor, bool isEmbedding, bool isVocabulary)
    {
        Assert.That(OuterName.IsBefore(tensor), Is.EqualTo(isEmbedding));
        Assert.That(VocabularyName.IsKnown(tensor), Is.EqualTo(isVocabulary));
    }

    [Test]
    public void Depth_is_counted_within_each_stack()
    {
        LayerDepth depth = Of(
            "shared.weight", "encoder.block.0.layer.0.x", "encoder.block.1.layer.1.x", "encoder.block.4.layer.0.x", "decoder.block.1.layer.0.x",
            "decoder.block.2.layer.2.x", "decoder.final_layer_norm.weight");
        Assert.That(depth.Of("shared.weight"), Is.Zero);
        Assert.That(depth.Of("encoder.block.0.layer.0.x"), Is.Zero);
        Assert.That(depth.Of("encoder.block.1.layer.1.x"), Is.EqualTo(0.25));
        Assert.That(depth.Of("encoder.block.4.layer.0.x"), Is.EqualTo(1));
        Assert.That(depth.Of("decoder.block.1.layer.0.x"), Is.EqualTo(0.5));
        Assert.That(depth.Of("decoder.final_layer_norm.weight"), Is.Null);
    }

    [Test]
    public void One_layer_lies_at_the_end_as_in_mergekit() => Assert.That(Of("h.0.x").Of("h.0.x"), Is.EqualTo(1));

    [TestCase("model.layers.7.mlp.experts.3.w1.weight", 12, "model.layers.12.mlp.experts.3.w1.weight")]
    [TestCase("h.11.attn.c_attn.weight", 0, "h.0.attn.c_attn.weight")]
    [TestCase("decoder.block.4.layer.0.SelfAttention.q.weight", 5, "decoder.block.5.layer.0.SelfAttention.q.weight")]
    public void A_layer_can_have_another_number(string tensor, int layer, string renumbered) =>
        Assert.That(new NetworkLayers([tensor]).Of(tensor).Renumber(tensor, layer), Is.EqualTo(renumbered));

    private static LayerDepth Of(params string[] tensors) => new(() => new NetworkLayers(tensors));
}
