using DemEngine.Checkpoints.Layers;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Layers of models of every kind, as the names of all their tensors show them.</summary>
public sealed class NetworkLayersTests
{
    private static readonly string[] Transformer = ["attn.qkv.weight", "attn.proj.weight", "mlp.fc1.weight", "mlp.fc2.weight", "norm1.weight"];

    [TestCase("double_blocks")]
    [TestCase("model.diffusion_model.single_blocks")]
    [TestCase("transformer_blocks")]
    [TestCase("single_transformer_blocks")]
    [TestCase("joint_blocks")]
    [TestCase("visual.transformer.resblocks")]
    [TestCase("conformer_layers")]
    [TestCase("model.audio_tower.conformer")]
    [TestCase("encoder_layers")]
    [TestCase("decoder_layers")]
    [TestCase("model.embed_tokens_extend.audio_embed.encoder.encoders")]
    [TestCase("transformer.attentions")]
    [TestCase("model.gated_cross_attn_layers")]
    [TestCase("layers_list")]
    [TestCase("resnets")]
    [TestCase("model.decoder.units")]
    [TestCase("trunk")]
    public void Blocks_of_any_name_are_layers(string stack)
    {
        string[] tensors = [.. Numbered(stack, 5, Transformer), "head.weight"];
        var layers = new NetworkLayers(tensors);
        var depth = new LayerDepth(() => layers);
        Assert.That(layers.Stacks, Is.EqualTo([stack]));
        for (int layer = 0; layer < 5; layer++)
        {
            foreach (string tensor in Transformer)
            {
                Assert.That(layers.Of($"{stack}.{layer}.{tensor}"), Is.EqualTo(new LayerPlace(stack, layer, $"{stack}.{layer}")));
                Assert.That(depth.Of($"{stack}.{layer}.{tensor}"), Is.EqualTo(layer / 4.0));
            }
        }

        Assert.That(depth.Of("head.weight"), Is.Null);
    }

    [TestCase("mlp", "0.weight", "0.bias", "2.weight", "2.bias")]
    [TestCase("classifier", "0.weight", "0.bias", "1.weight", "1.bias")]
    [TestCase("fc_layers", "0.weight", "1.weight", "2.weight")]
    [TestCase("feature_extractor.conv_layers", "0.conv.weight", "0.conv.bias", "0.layer_norm.weight", "1.conv.weight", "1.conv.bias", "1.layer_norm.weight")]
    [TestCase("moe.experts", "0.w1.weight", "0.w2.weight", "0.w3.weight", "1.w1.weight", "1.w2.weight", "1.w3.weight")]
    [TestCase("patch_embed.proj", "0.weight", "1.weight")]
    [TestCase("towers", "0.a.weight", "0.b.weight", "0.c.weight", "2.a.weight", "2.b.weight", "2.c.weight")]
    [TestCase("parts", "0.a.weight", "0.b.weight", "0.c.weight", "1.d.weight", "1.e.weight", "1.f.weight")]
    public void Other_sequences_are_no_layers(string list, params string[] tensors) =>
        Assert.That(new NetworkLayers(tensors.Select(tensor => $"{list}.{tensor}")).Stacks, Is.Empty);

    [Test]
    public void Of_several_lists_the_outermost_one_counts()
    {
        string[] inLayer = ["attn.q.weight", "norm.weight", .. Numbered("mlp.experts", 4, "w1.weight", "w2.weight", "w3.weight"), .. Numbered("attn.heads", 2, "a.weight", "b.weight")];
        var layers = new NetworkLayers(Numbered("transformer_blocks", 3, inLayer));
        Assert.That(layers.Stacks, Is.EqualTo(["transformer_blocks"]));
        Assert.That(layers.Of("transformer_blocks.2.mlp.experts.1.w1.weight").Layer, Is.EqualTo(2));
    }

    [Test]
    public void Sublayers_of_t5_are_in_their_block()
    {
        var layers = new NetworkLayers(Numbered(
            "encoder.block", 3, "layer.0.SelfAttention.q.weight", "layer.0.SelfAttention.k.weight", "layer.0.layer_norm.weight", "layer.1.DenseReluDense.wi.weight", "layer.1.layer_norm.weight"));
        Assert.That(layers.Count("encoder.block"), Is.EqualTo(3));
        Assert.That(layers.Of("encoder.block.2.layer.0.layer_norm.weight").Layer, Is.EqualTo(2));
    }

    [TestCase("encoder.stages", "layers", "dwconv.weight", "pwconv1.weight", "layernorm.weight", Description = "ConvNeXt")]
    [TestCase("stages", "blocks", "conv_dw.weight", "mlp.fc1.weight", "norm.weight", Description = "timm's ConvNeXt")]
    [TestCase("swin.encoder.layers", "blocks", "attention.self.query.weight", "output.dense.weight", "layernorm_before.weight", Description = "Swin")]
    [TestCase("resnet.encoder.stages", "layers", "layer.0.convolution.weight", "layer.1.convolution.weight", "layer.2.convolution.weight", Description = "ResNet")]
    [TestCase("encoder.block", "", "attention.self.query.weight", "mlp.dense1.weight", "layer_norm_1.weight", Description = "SegFormer")]
    public void Layers_are_counted_through_stages(string stages, string list, params string[] inLayer)
    {
        int[] depths = [2, 3, 1];
        string[] tensors = [.. depths.SelectMany((count, stage) => Numbered(list.Length == 0 ? $"{stages}.{stage}" : $"{stages}.{stage}.{list}", count, inLayer))];
        var layers = new NetworkLayers(tensors);
        var depth = new LayerDepth(() => layers);
        Assert.That(layers.Stacks, Is.EqualTo([stages]));
        Assert.That(layers.IsThroughStages(stages), Is.True);
        Assert.That(tensors.Select(tensor => depth.Of(tensor)), Is.EqualTo(Enumerable.Range(0, 6).SelectMany(layer => inLayer.Select(_ => (double?)(layer / 5.0)))));
    }

    [TestCase(true, 2)]
    [TestCase(false, 1)]
    public void What_lies_between_stages_belongs_to_the_layer_beside_it(bool isBefore, int layer)
    {
        string[] down = isBefore ? ["stages.1.downsample.weight"] : ["stages.0.downsample.weight"];
        var layers = new NetworkLayers([.. Numbered("stages.0.blocks", 2, Transformer), .. Numbered("stages.1.blocks", 2, Transformer), .. down]);
        Assert.That(layers.Of(down[0]).Layer, Is.EqualTo(layer));
    }

    [TestCase("model.diffusion_model.", "input_blocks", "middle_block.1.proj.weight", "output_blocks")]
    [TestCase("", "down_blocks", "mid_block.attentions.0.proj_in.weight", "up_blocks")]
    public void A_unet_is_one_sequence(string root, string down, string middle, string up)
    {
        string[] block = ["0.in_layers.0.weight", "0.in_layers.2.weight", "1.proj_in.weight", "1.transformer_blocks.0.attn1.to_q.weight"];
        string[] tensors = [.. Numbered(root + down, 3, block), root + middle, .. Numbered(root + up, 3, block), root + "conv_in.weight", root + "conv_out.weight"];
        var layers = new NetworkLayers(tensors);
        var depth = new LayerDepth(() => layers);
        Assert.That(layers.Stacks, Has.Count.EqualTo(1));
        Assert.That(depth.Of($"{root}{down}.1.{block[0]}"), Is.EqualTo(1 / 6.0));
        Assert.That(depth.Of(root + middle), Is.EqualTo(0.5));
        Assert.That(depth.Of($"{root}{up}.0.{block[3]}"), Is.EqualTo(4 / 6.0));
        Assert.That(depth.Of($"{root}{up}.2.{block[0]}"), Is.EqualTo(1));
        Assert.That(depth.Of(root + "conv_in.weight"), Is.Zero);
        Assert.That(depth.Of(root + "conv_out.weight"), Is.Null);
    }

    [Test]
    public void Numbered_lists_of_a_resnet_follow_each_other()
    {
        var layers = new NetworkLayers([.. Numbered("layer1", 2, "conv1.weight", "bn1.weight"), .. Numbered("layer2", 3, "conv1.weight", "bn1.weight"), "conv1.weight", "fc.weight"]);
        Assert.That(layers.Of("layer2.1.conv1.weight").Layer, Is.EqualTo(3));
        Assert.That(layers.Count(layers.Stacks.Single()), Is.EqualTo(5));
    }

    [Test]
    public void Norms_beside_the_attentions_of_xlm_lie_in_their_layers()
    {
        string[] tensors =
        [
            .. Numbered("transformer.attentions", 3, "q_lin.weight", "k_lin.weight", "v_lin.weight", "out_lin.weight"),
            .. Numbered("transformer.ffns", 3, "lin1.weight", "lin1.bias", "lin2.weight", "lin2.bias"),
            .. Numbered("transformer.layer_norm1", 3, "weight", "bias"),
        ];
        var depth = new LayerDepth(() => new NetworkLayers(tensors));
        Assert.That(tensors.Where(tensor => tensor.Contains(".1.")).Select(tensor => depth.Of(tensor)), Is.All.EqualTo(0.5));
    }

    [Test]
    public void A_layer_that_predicts_further_tokens_is_no_layer_of_the_network()
    {
        string[] tensors =
        [
            .. Numbered("model.layers", 5, Transformer), "model.layers.4.eh_proj.weight", "model.layers.4.enorm.weight", "model.layers.4.embed_tokens.weight",
            "model.layers.4.shared_head.head.weight", "model.norm.weight", "lm_head.weight",
        ];
        var layers = new NetworkLayers(tensors);
        var depth = new LayerDepth(() => layers);
        Assert.That(layers.Count("model.layers"), Is.EqualTo(4));
        Assert.That(depth.Of("model.layers.3.norm1.weight"), Is.EqualTo(1));
        Assert.That(depth.Of("model.layers.1.norm1.weight"), Is.EqualTo(1 / 3.0));
        Assert.That(depth.Of("model.layers.4.norm1.weight"), Is.EqualTo(1));
        Assert.That(layers.PositionOf("model.layers.4.embed_tokens.weight"), Is.EqualTo(NetworkPosition.Prediction));
    }

    [TestCase("mtp.layers")]
    [TestCase("model.mtp.layers")]
    [TestCase("model.mtp_layers")]
    [TestCase("model.mtp_block")]
    public void Lists_that_predict_further_tokens_are_no_stack_of_the_network(string list)
    {
        var layers = new NetworkLayers([.. Numbered("model.layers", 3, Transformer), .. Numbered(list, 1, Transformer), "mtp.pre_fc_norm_embedding.weight"]);
        Assert.That(layers.Stacks, Is.EqualTo(["model.layers"]));
        Assert.That(layers.PositionOf($"{list}.0.norm1.weight"), Is.EqualTo(NetworkPosition.Prediction));
        Assert.That(layers.PositionOf("mtp.pre_fc_norm_embedding.weight"), Is.EqualTo(NetworkPosition.Prediction));
    }

    [TestCase("model.encoder.conv1.weight", true)]
    [TestCase("model.encoder.conv2.bias", true)]
    [TestCase("vision_model.pre_layrnorm.weight", true)]
    [TestCase("vision_model.layernorm_pre.weight", true)]
    [TestCase("visual.ln_pre.weight", true)]
    [TestCase("wav2vec2.feature_extractor.conv_layers.0.conv.weight", true)]
    [TestCase("wav2vec2.feature_projection.projection.weight", true)]
    [TestCase("vision_tower.convs.0.proj.weight", true)]
    [TestCase("query_tokens", true)]
    [TestCase("model.language_model.altup_projections.0.weight", true)]
    [TestCase("model.audio_tower.subsample_conv_projection.conv_0.conv.weight", true)]
    [TestCase("img_in.weight", true)]
    [TestCase("time_in.in_layer.weight", true)]
    [TestCase("x_embedder.proj.weight", true)]
    [TestCase("cls_token", true)]
    [TestCase("model.embedding_norm.weight", false)]
    [TestCase("model.language_model.altup_unembed_projections.0.weight", false)]
    [TestCase("embed_out.weight", false)]
    [TestCase("vision_model.post_layernorm.weight", false)]
    [TestCase("cls.predictions.transform.dense.weight", false)]
    [TestCase("final_layer.linear.weight", false)]
    [TestCase("model.norm.weight", false)]
    public void Names_outside_the_layers_tell_what_comes_before_them(string tensor, bool isBefore)
    {
        var layers = new NetworkLayers([tensor, .. Numbered("model.layers", 3, Transformer)]);
        Assert.That(layers.PositionOf(tensor), Is.EqualTo(isBefore ? NetworkPosition.Before : NetworkPosition.After));
    }

    private static IEnumerable<string> Numbered(string list, int count, params string[] tensors) =>
        Enumerable.Range(0, count).SelectMany(number => tensors.Select(tensor => $"{list}.{number}.{tensor}"));

    [Test]
    public void Counting_layers_takes_memory_in_proportion_to_names()
    {
        string[] names = [.. Enumerable.Range(0, 50_000).Select(k => $"model.layers.{k / 500}.mlp.experts.{k % 500}.up_proj.weight")];
        _ = new NetworkLayers(names[..500]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var layers = new NetworkLayers(names);
        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / names.Length;
        Assert.That(layers.Count("model.layers"), Is.EqualTo(100));
        Assert.That(each, Is.LessThan(850), "bytes a name");
    }
}
