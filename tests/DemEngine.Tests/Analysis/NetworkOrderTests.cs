using DemEngine.Analysis;

namespace DemEngine.Tests.Analysis;

public sealed class NetworkOrderTests
{
    [Test]
    public void Llama() => Assert.That(
        Order("lm_head.weight", "model.embed_tokens.weight", "model.layers.10.a.weight", "model.layers.2.a.weight", "model.layers.2.b.weight", "model.norm.weight"),
        Is.EqualTo(["model.embed_tokens", "model.layers.2", "model.layers.10", "model.norm", "lm_head"]));

    [Test]
    public void Gpt2() => Assert.That(
        Order("h.0.attn.weight", "h.1.attn.weight", "ln_f.weight", "wpe.weight", "wte.weight"),
        Is.EqualTo(["wpe", "wte", "h.0", "h.1", "ln_f"]));

    [Test]
    public void T5_keeps_encoder_and_decoder_apart() => Assert.That(
        Order(
            "decoder.block.0.layer.0.SelfAttention.q.weight", "decoder.block.1.layer.2.DenseReluDense.wi.weight", "decoder.final_layer_norm.weight",
            "encoder.block.0.layer.0.SelfAttention.q.weight", "encoder.block.0.layer.1.DenseReluDense.wi.weight", "encoder.final_layer_norm.weight",
            "lm_head.weight", "shared.weight"),
        Is.EqualTo(
        [
            "shared", "encoder.block.0", "encoder.final_layer_norm", "decoder.block.0", "decoder.block.1", "decoder.final_layer_norm", "lm_head",
        ]));

    [Test]
    public void What_sees_comes_before_the_language_model() => Assert.That(
        Order(
            "lm_head.weight", "model.language_model.embed_tokens.weight", "model.language_model.layers.0.a.weight", "model.language_model.norm.weight",
            "model.multi_modal_projector.linear.weight", "model.vision_tower.encoder.layers.0.a.weight", "model.vision_tower.post_layernorm.weight"),
        Is.EqualTo(
        [
            "model.vision_tower.encoder.layers.0", "model.vision_tower.post_layernorm", "model.multi_modal_projector.linear", "model.language_model.embed_tokens",
            "model.language_model.layers.0", "model.language_model.norm", "lm_head",
        ]));

    [Test]
    public void A_norm_of_embeddings_that_follows_the_layers_comes_last() => Assert.That(
        Order("model.embed_tokens.weight", "model.embedding_norm.weight", "model.layers.0.a.weight"),
        Is.EqualTo(["model.embed_tokens", "model.layers.0", "model.embedding_norm"]));

    [Test]
    public void An_encoder_within_a_decoder_is_a_decoder() => Assert.That(
        Order("decoder.bert.encoder.layer.0.a.weight", "encoder.encoder.layer.0.a.weight"),
        Is.EqualTo(["encoder.encoder.layer.0", "decoder.bert.encoder.layer.0"]));

    [Test]
    public void Names_of_no_known_form_stand_for_themselves() =>
        Assert.That(Order("x", ".y", "layers.7", ""), Is.EqualTo(["", ".y", "layers", "x"]));

    private static IReadOnlyList<string> Order(params string[] tensors) => new NetworkOrder(tensors).Groups;
}
