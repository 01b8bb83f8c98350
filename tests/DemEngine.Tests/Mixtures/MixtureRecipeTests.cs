using DemEngine.Recipes.Mixtures;

namespace DemEngine.Tests.Mixtures;

/// <summary>How recipes for mixtures are read, written and refused.</summary>
public sealed class MixtureRecipeTests
{
    private const string Two = "base_model: b\nexperts:\n- {source_model: x, positive_prompts: [one]}\n- {source_model: y, positive_prompts: [two]}\n";

    [Test]
    public void Each_key_is_read()
    {
        MixtureRecipe recipe = MixtureReader.Parse(
            """
            base_model: models/base
            gate_mode: cheap_embed
            architecture: qwen
            dtype: bf16
            experts_per_token: 1
            seed: 5
            experts:
              - source_model: models/a
                positive_prompts: ["say \"hi\"", 'line: two']
                negative_prompts: [no]
              - source_model: {path: models/b}
                positive_prompts: [b]
                noise_scale: 0.01
                residual_scale: 0.5
            shared_experts:
              - source_model: models/c
                positive_prompts: [c]
                residual_scale: 1e-1
            """,
            "r.yaml");
        Assert.That(recipe.BaseModel.Written, Is.EqualTo("models/base"));
        Assert.That(recipe.GateMode, Is.EqualTo(GateMode.CheapEmbed));
        Assert.That(recipe.Architecture!.Value, Is.EqualTo("qwen"));
        Assert.That(recipe.DType!.Value, Is.EqualTo("bfloat16"));
        Assert.That(recipe.ExpertsPerToken, Is.EqualTo(1));
        Assert.That(recipe.Seed, Is.EqualTo(5));
        Assert.That(recipe.Experts.Select(expert => expert.Source.Written), Is.EqualTo(new[] { "models/a", "models/b" }));
        Assert.That(recipe.Experts[0].PositivePrompts, Is.EqualTo(new[] { "say \"hi\"", "line: two" }));
        Assert.That(recipe.Experts[0].NegativePrompts, Is.EqualTo(new[] { "no" }));
        Assert.That((recipe.Experts[0].ResidualScale, recipe.Experts[0].NoiseScale), Is.EqualTo((1f, 0f)));
        Assert.That((recipe.Experts[1].ResidualScale, recipe.Experts[1].NoiseScale), Is.EqualTo((0.5f, 0.01f)));
        Assert.That(recipe.SharedExperts.Single().ResidualScale, Is.EqualTo(0.1f));
    }

    [Test]
    public void What_is_left_out_is_as_mergekit_has_it()
    {
        MixtureRecipe recipe = MixtureReader.Parse(Two, "r.yaml");
        Assert.That((recipe.GateMode, recipe.ExpertsPerToken, recipe.Seed), Is.EqualTo((GateMode.Hidden, 2, 0L)));
        Assert.That((recipe.DType, recipe.Architecture, recipe.SharedExperts.Count), Is.EqualTo(((object?)null, (object?)null, 0)));
    }

    [TestCase("")]
    [TestCase("gate_mode: random\ndtype: float16\nseed: 2147483647\nexperts_per_token: 1\narchitecture: deepseek\n")]
    [TestCase("shared_experts:\n- source_model: 'yes'\n  positive_prompts: [\"\\u2028 tab\\t \\U0001F600 é 文 \\\\ \\\"\", '- #', \"a\\nb\"]\n  noise_scale: 1e-7\n  residual_scale: -3e9\n")]
    public void A_recipe_that_is_written_reads_back_the_same(string more)
    {
        MixtureRecipe recipe = MixtureReader.Parse(Two + more, "r.yaml");
        Assert.That(MixtureReader.Parse(recipe.ToYaml(), "written"), Is.EqualTo(recipe));
    }

    private static IEnumerable<TestCaseData> Wrong()
    {
        static TestCaseData Case(ErrorCode code, string text, string message) =>
            new TestCaseData(code, text, message).SetArgDisplayNames($"{code}", message);

        yield return Case(ErrorCode.MissingKey, "", "the recipe has no \"base_model\"");
        yield return Case(ErrorCode.MissingKey, "base_model: b\n", "the recipe has no \"experts\"");
        yield return Case(ErrorCode.MissingKey, "base_model: b\nexperts: [{positive_prompts: [a]}]\n", "r.yaml:2: experts[0]: this has no \"source_model\"");
        yield return Case(ErrorCode.WrongValue, "- a\n", "expected a mapping with base_model and experts, found a list");
        yield return Case(ErrorCode.WrongValue, Two + "---\n" + Two, "one document");
        yield return Case(ErrorCode.UnknownKey, Two + "gate_mod: random\n", "r.yaml:5: gate_mod: unknown key (did you mean \"gate_mode\"?)");
        yield return Case(ErrorCode.UnknownKey, "base_model: b\nexperts: [{source_model: a, prompts: [x]}]\n", "experts[0].prompts: unknown key");
        yield return Case(ErrorCode.UnsupportedFeature, Two + "merge_method: dem\n", "this is a recipe of a merge");
        yield return Case(ErrorCode.UnsupportedFeature, "base_model: b\nexperts: [{model: a}]\n", "\"source_model\"");
        yield return Case(ErrorCode.DuplicateKey, Two + "base_model: c\n", "given twice");
        yield return Case(ErrorCode.WrongValue, Two + "gate_mode: hiden\n", "r.yaml:5: gate_mode: unknown gate mode \"hiden\" (did you mean \"hidden\"?)");
        yield return Case(ErrorCode.WrongValue, Two + "dtype: int8\n", "unknown element type \"int8\"");
        yield return Case(ErrorCode.WrongValue, Two + "experts_per_token: two\n", "expected a whole number from 0");
        yield return Case(ErrorCode.WrongValue, "base_model: b\nexperts: [{source_model: a, positive_prompts: hello}]\n", "expected a list of texts, found the text \"hello\"");
        yield return Case(ErrorCode.WrongValue, "base_model: b\nexperts: [{source_model: a, positive_prompts: [1]}]\n", "put it in quotes");
        yield return Case(ErrorCode.WrongValue, "base_model: b\nexperts: [{source_model: a, positive_prompts: ['']}]\n", "positive_prompts[0]: expected a text");
        yield return Case(ErrorCode.WrongValue, "base_model: b\nexperts: [{source_model: a, residual_scale: .inf}]\n", "residual_scale: expected a number");
        yield return Case(ErrorCode.WrongValue, "base_model: b\nexperts: [{source_model: a, noise_scale: -1}]\n", "is not negative");
        yield return Case(ErrorCode.ExpertCount, "base_model: b\nexperts: []\n", "the recipe has 0");
        yield return Case(ErrorCode.ExpertCount, "base_model: b\nexperts: [{source_model: a, positive_prompts: [x]}]\n", "the recipe has 1");
        yield return Case(ErrorCode.ExpertCount, Two + "experts_per_token: 3\n", "r.yaml:5: experts_per_token: 3 experts for each token are not between 1 and 2");
        yield return Case(ErrorCode.ExpertCount, Two + "experts_per_token: 0\n", "0 experts for each token");
        yield return Case(ErrorCode.NoPrompts, "base_model: b\nexperts: [{source_model: a, positive_prompts: [x]}, {source_model: c}]\n", "r.yaml:2: experts[1]: the expert has no positive_prompts, from which gate_mode hidden");
        yield return Case(ErrorCode.PromptsAlike, "base_model: b\nexperts: [{source_model: a, positive_prompts: [x]}, {source_model: c, positive_prompts: [x]}]\n", "the same prompts");
    }

    [TestCaseSource(nameof(Wrong))]
    public void A_wrong_recipe_is_refused_by_name_and_line(ErrorCode code, string text, string message)
    {
        var error = Assert.Throws<DemException>(() => MixtureReader.Parse(text, "r.yaml"))!;
        Assert.That(error.Message, Does.Contain(message));
        Assert.That(error.Code, Is.EqualTo(code));
    }

    [Test]
    public void Random_routers_need_no_prompts([Values("random", "uniform_random")] string mode) =>
        Assert.That(MixtureReader.Parse($"base_model: b\ngate_mode: {mode}\nexperts: [{{source_model: a}}, {{source_model: a}}]\n", "r.yaml").Experts.Count, Is.EqualTo(2));
}
