using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Models of one network whose names differ in a prefix.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class NameAlignmentTests
{
    private const string Dem = "merge_method: dem\nbase_model: base\nmodels: [{model: a, parameters: {weight: 0.5}}]";

    private static readonly string[] Language =
    [
        "model.embed_tokens.weight",
        "model.layers.0.self_attn.q_proj.weight",
        "model.layers.0.input_layernorm.weight",
        "model.layers.1.self_attn.q_proj.weight",
        "model.layers.1.input_layernorm.weight",
        "model.norm.weight",
        "lm_head.weight",
    ];

    private static readonly AlignmentOptions Lenient = new() { Missing = MissingTensors.Base, Extra = ExtraTensors.Ignore };

    [TestCase("module.{0}")]
    [TestCase("_orig_mod.{0}")]
    [TestCase("module._orig_mod.{0}")]
    [TestCase("_forward_module.model.{0}")]
    [TestCase("base_model.model.{0}")]
    [TestCase("model.diffusion_model.{0}")]
    [TestCase("0.auto_model.{0}")]
    [TestCase("student.{0}")]
    public void A_prefix_is_matched_whichever_model_has_it(string form)
    {
        foreach (bool baseHasIt in new[] { false, true })
        {
            using var folder = new ModelFolder();
            folder.Model("base", Tensors(Language, baseHasIt ? form : "{0}", 1)).Model("a", Tensors(Language, baseHasIt ? "{0}" : form, 3));
            RunReport report = folder.Merge(Dem);
            foreach (string name in Language)
                Assert.That(folder.Values("out", string.Format(baseHasIt ? form : "{0}", name)), Is.All.EqualTo(2), name);
            Assert.That(report.Remarks, Has.Some.Contains("7 tensors are matched"));
        }
    }

    [Test]
    public void Wrappers_inside_names_are_passed_over()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Tensors(Language, "{0}", 1));
        folder.Model("a", Tensors(Language, "{0}", 3, name => name.Replace("0.", "0._fsdp_wrapped_module.", StringComparison.Ordinal)));
        folder.Merge(Dem);
        Assert.That(folder.Values("out", Language[1]), Is.All.EqualTo(2));
    }

    [TestCase("model.language_model.{0}", "lm_head.weight")]
    [TestCase("language_model.model.{0}", "language_model.lm_head.weight")]
    [TestCase("model.text_model.{0}", "lm_head.weight")]
    public void A_language_model_merges_into_the_language_part_of_a_multimodal_one(string form, string head)
    {
        string InPart(string name) => name == "lm_head.weight" ? head : string.Format(form, name["model.".Length..]);
        string[] vision = ["model.visual.blocks.0.norm.weight", "model.visual.blocks.0.self_attn.q_proj.weight", "model.visual.blocks.1.norm.weight"];
        using var folder = new ModelFolder();
        folder.Model("base", [.. Tensors(Language, "{0}", 1, InPart), .. Tensors(vision, "{0}", 5)]).Model("a", Tensors(Language, "{0}", 3));
        RunReport report = folder.Merge(Dem);
        foreach (string name in Language)
            Assert.That(folder.Values("out", InPart(name)), Is.All.EqualTo(2), name);
        foreach (string name in vision)
            Assert.That(folder.Values("out", name), Is.All.EqualTo(5), name);
        Assert.That(report.Remarks, Has.Some.Contains("3 of the base's 10 tensors are not in it and stay the base's"));
    }

    [Test]
    public void The_language_part_of_a_multimodal_model_merges_into_a_language_model_where_the_rest_may_be_left_out()
    {
        string InPart(string name) => name == "lm_head.weight" ? name : "model.language_model." + name["model.".Length..];
        using var folder = new ModelFolder();
        folder.Model("base", Tensors(Language, "{0}", 1)).Model("a", [.. Tensors(Language, "{0}", 3, InPart), .. Tensors(["model.visual.patch.weight"], "{0}", 5)]);
        Assert.That(Failing.With(ErrorCode.ExtraTensor, () => folder.Merge(Dem)).Message, Does.Contain("model.visual.patch.weight"));
        RunReport report = folder.Merge(Dem, alignment: Lenient);
        Assert.That(folder.Values("out", Language[2]), Is.All.EqualTo(2));
        Assert.That(report.Remarks, Has.Some.Contains("1 of its 8 tensors are not in the base and are left out: \"model.visual.patch.weight\""));
    }

    [Test]
    public void A_layer_is_never_taken_for_another()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Tensors(["model.layers.0.w.weight", "model.layers.1.w.weight", "model.layers.2.w.weight"], "{0}", 1));
        folder.Model("a", Tensors(["model.layers.0.w.weight", "model.layers.1.w.weight", "model.layers.3.w.weight"], "{0}", 3));
        Failing.With(ErrorCode.MissingTensor, () => folder.Merge(Dem));
        folder.Merge(Dem, alignment: Lenient);
        Assert.That(folder.Values("out", "model.layers.2.w.weight"), Is.All.EqualTo(1));
    }

    [Test]
    public void Two_places_that_fit_alike_are_not_chosen_between()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Tensors(["a.layers.0.w.weight", "b.layers.0.w.weight"], "{0}", 1)).Model("a", Tensors(["layers.0.w.weight"], "{0}", 3));
        Failing.With(ErrorCode.MissingTensor, () => folder.Merge(Dem, alignment: Lenient));
    }

    [Test]
    public void A_source_of_which_few_tensors_match_is_refused_whatever_the_policies()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Tensors(Language, "{0}", 1));
        folder.Model("a", Tensors(["lm_head.weight", "transformer.h.0.attn.c_attn.weight", "transformer.h.0.ln_1.bias", "transformer.h.1.ln_1.bias"], "{0}", 3));
        string message = Failing.With(ErrorCode.MissingTensor, () => folder.Merge(Dem, alignment: Lenient)).Message;
        Assert.That(message, Does.Contain("only 1 tensors of \"a\" are in the base"));
    }

    [Test]
    public void What_is_taken_and_left_is_always_said()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Tensors(Language, "{0}", 1)).Model("a", [.. Tensors(Language[1..], "{0}", 3), .. Tensors(["extra.weight"], "{0}", 3)]);
        RunReport report = folder.Merge(Dem, alignment: Lenient);
        Assert.That(report.Remarks, Has.Some.Contains("1 of the base's 7 tensors are not in it and stay the base's: \"model.embed_tokens.weight\""));
        Assert.That(report.Remarks, Has.Some.Contains("1 of its 7 tensors are not in the base and are left out: \"extra.weight\""));
    }

    [Test]
    public void Experts_stored_one_by_one_and_in_one_tensor_are_refused_as_that([Values] bool baseIsFused)
    {
        (TensorSpec, byte[])[] separate = [Values.Random("m.layers.0.mlp.experts.0.up_proj.weight", ElementType.F32, [2, 2], 1), Values.Random("m.layers.0.mlp.experts.1.up_proj.weight", ElementType.F32, [2, 2], 1)];
        (TensorSpec, byte[])[] fused = [Values.Random("m.layers.0.mlp.experts.gate_up_proj", ElementType.F32, [2, 2, 4], 1)];
        using var folder = new ModelFolder();
        folder.Model("base", baseIsFused ? fused : separate).Model("a", baseIsFused ? separate : fused);
        string message = Failing.With(ErrorCode.ExpertLayouts, () => folder.Merge(Dem, alignment: Lenient)).Message;
        Assert.That(message, Does.Contain("one by one").And.Contain("all in one tensor"));
    }

    [Test]
    public void A_vector_of_a_wrapped_model_is_extracted_under_the_bases_names()
    {
        using var folder = new ModelFolder();
        folder.Model("base", Tensors(Language, "{0}", 1)).Model("a", Tensors(Language, "module.{0}", 3));
        folder.Extract("a", "vector");
        Assert.That(folder.Values("vector", Language[3]), Is.All.EqualTo(2));
    }

    private static (TensorSpec Spec, byte[] Bytes)[] Tensors(string[] names, string form, double value, Func<string, string>? rename = null) =>
    [
        .. names.Select(name => Values.Tensor(
            string.Format(form, rename?.Invoke(name) ?? name),
            ElementType.F32,
            name.Contains("norm", StringComparison.Ordinal) ? [4] : name.Contains("q_proj", StringComparison.Ordinal) ? [4, 4] : [6, 4],
            _ => value)),
    ];
}
