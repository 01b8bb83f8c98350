using System.Text;
using DemEngine.Files;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Tests.Recipes;

public sealed class RecipeReaderTests
{
    private const string Whole = """
        # A comment.
        merge_method: dem
        base_model: "base model"
        models:
          - model: ./a
            parameters:
              weight: 0.5
          - vector: b
        parameters: {lambda: 1}
        dtype: f32
        out_dtype: torch.bfloat16
        tokenizer_source: base
        """;

    [Test]
    public void A_file_may_have_several_results()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.PathOf("m"));
        ValueList<Recipe> results = Results(
            "name: first\nmerge_method: x\nmodels: [{model: half}]\n---\n"
            + "name: half\nmerge_method: x\nmodels: [{model: m}]\n---\n"
            + "name: second\nmerge_method: x\nmodels: [{model: half}, {model: m}]\n");
        Assert.That(results.Select(result => result.Name!.Value), Is.EqualTo(["first", "second"]));
        Assert.That(results.Select(result => result.Stages.Single().Name!.Value), Is.All.EqualTo("half"));
        Assert.That(results[1].Models[1].Path.Resolved, Is.EqualTo(folder.PathOf("m")));

        const string One = "name: one\nmerge_method: x\nmodels: [{model: m}]\n---\n";
        const string Rest = "merge_method: x\nmodels: [{model: m}]\n";
        Assert.That(RecipeErrors.Of(() => Results(One + Rest)).Code, Is.SameAs(ErrorCode.MissingKey));
        foreach (string name in new[] { "../up", "a/b", ".", "'a\\b'" })
            Assert.That(RecipeErrors.Of(() => Results(One + $"name: {name}\n" + Rest)).Code, Is.SameAs(ErrorCode.WrongValue), name);
        Assert.That(Results(One.Replace("one", "a/b", StringComparison.Ordinal).TrimEnd('-', '\n')), Has.Count.EqualTo(1));

        ValueList<Recipe> Results(string text)
        {
            File.WriteAllText(folder.PathOf("r.yaml"), text);
            return RecipeReader.ReadResults(folder.PathOf("r.yaml"));
        }
    }

    [TestCase("{model: {path: in/a, revision: null}, lora: null, override_architecture: null}")]
    [TestCase("{path: in/a}")]
    [TestCase("{model: in/a, lora: ~}")]
    public void A_model_may_be_given_as_a_mapping(string model) =>
        Assert.That(RecipeErrors.Parse($"merge_method: x\nmodels: [{{model: {model}}}]\nbase_model: {model}\n"), Is.EqualTo(
            RecipeErrors.Parse("merge_method: x\nmodels: [{model: in/a}]\nbase_model: in/a\n")));

    [Test]
    public void A_plus_may_be_part_of_a_folders_name_and_else_stands_between_a_model_and_its_adapter()
    {
        using var folder = new TempFolder();
        foreach (string name in new[] { "a+x", "b", "c+d", "y" })
            Directory.CreateDirectory(folder.PathOf(name));
        Assert.That(Resolved("a+x").Resolved, Is.EqualTo(folder.PathOf("a+x")));
        Assert.That(Resolved("a+x").Adapted, Is.Null);
        Assert.That(Resolved("b+y").Adapted, Is.EqualTo(new AdaptedPath(folder.PathOf("b"), folder.PathOf("y"))));
        Assert.That(Resolved("c+d+y").Adapted, Is.EqualTo(new AdaptedPath(folder.PathOf("c+d"), folder.PathOf("y"))));
        DemException error = RecipeErrors.Of(() => Resolved("a+y"));
        Assert.That(error.Code, Is.SameAs(ErrorCode.CheckpointNotFound));
        Assert.That(error.Message, Does.StartWith("r.yaml:2: models[0].model: \"a\" is not there"));

        ModelPath Resolved(string path) =>
            RecipeReader.Resolve(RecipeErrors.Parse($"merge_method: x\nmodels: [{{model: {path}}}]"), folder.Path).Models[0].Path;
    }

    [TestCase("models: [{model: b, lora: d}]", "model: {model: b, lora: d}")]
    [TestCase("models: [{model: {model: {path: b}, lora: d}}]", "model: {model: b, lora: d}")]
    [TestCase("models: [{model: b+y}]", "model: \"b+y\"")]
    public void An_adapter_is_written_as_it_can_be_read_again(string models, string written)
    {
        string yaml = RecipeErrors.Parse($"merge_method: x\n{models}").ToYaml();
        Assert.That(yaml, Does.Contain(written));
        Assert.That(RecipeErrors.Parse(yaml).ToYaml(), Is.EqualTo(yaml));
    }

    [Test]
    public void Every_key_is_read_with_its_line()
    {
        Recipe recipe = RecipeErrors.Parse(Whole);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(recipe.MergeMethod.Value, Is.EqualTo("dem"));
            Assert.That(recipe.MergeMethod.Place.ToString(), Is.EqualTo("r.yaml:2: merge_method"));
            Assert.That(recipe.BaseModel!.Written, Is.EqualTo("base model"));
            Assert.That(recipe.BaseModel.Resolved, Is.EqualTo("base model"));
            Assert.That(recipe.Models, Has.Count.EqualTo(2));
            Assert.That(recipe.Models[0].Path.Written, Is.EqualTo("./a"));
            Assert.That(recipe.Models[0].IsVector, Is.False);
            Assert.That(recipe.Models[0].Parameters.Parameters[0].Name, Is.EqualTo("weight"));
            Assert.That(recipe.Models[0].Parameters.Parameters[0].Value.Place.ToString(), Is.EqualTo("r.yaml:7: models[0].parameters.weight"));
            Assert.That(recipe.Models[1].IsVector, Is.True);
            Assert.That(recipe.Models[1].Place.ToString(), Is.EqualTo("r.yaml:8: models[1]"));
            Assert.That(recipe.Parameters.Find("lambda"), Is.EqualTo(new NumberValue(1)));
            Assert.That(recipe.Parameters.Place.Line, Is.EqualTo(9));
            Assert.That(recipe.DType!.Value, Is.EqualTo("float32"));
            Assert.That(recipe.OutDType!.Value, Is.EqualTo("bfloat16"));
            Assert.That(recipe.TokenizerSource!.Path, Is.Null);
        }
    }

    [Test]
    public void Keys_that_may_be_left_out_may_also_hold_nothing()
    {
        Recipe recipe = RecipeErrors.Parse(
            "merge_method: x\nbase_model: ~\nmodels: [{model: a, parameters: }]\nparameters:\ndtype: null\nout_dtype:\ntokenizer_source:\n");
        Assert.That(recipe, Is.EqualTo(RecipeErrors.Parse("merge_method: x\nmodels: [{model: a}]\n")));
    }

    [Test]
    public void A_tokenizer_may_come_from_a_path()
    {
        Recipe recipe = RecipeErrors.Parse("merge_method: x\nmodels: [{model: a}]\ntokenizer_source: ./base\n");
        Assert.That(recipe.TokenizerSource!.Path!.Written, Is.EqualTo("./base"));
    }

    [Test]
    public void Slices_are_read_with_their_lines()
    {
        Recipe recipe = RecipeErrors.Parse("""
            merge_method: linear
            slices:
              - sources:
                  - model: a
                    layer_range: [0, 24]
                    parameters: {weight: 0.5}
                  - {vector: b, layer_range: [8, 32]}
                base_model: c
                parameters: {normalize: false}
              - sources: [{model: a, layer_range: [20, 40]}]
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(recipe.Models, Is.Empty);
            Assert.That(recipe.Slices, Has.Count.EqualTo(2));
            Assert.That(recipe.Slices[0].Sources[0].Layers, Is.EqualTo(new LayerRange(0, 24)));
            Assert.That(recipe.Slices[0].Sources[0].Model.Parameters.Find("weight"), Is.EqualTo(new NumberValue(0.5)));
            Assert.That(recipe.Slices[0].Sources[1].Model.IsVector, Is.True);
            Assert.That(recipe.Slices[0].Sources[1].Model.Place.ToString(), Is.EqualTo("r.yaml:7: slices[0].sources[1]"));
            Assert.That(recipe.Slices[0].BaseModel!.Written, Is.EqualTo("c"));
            Assert.That(recipe.Slices[0].Parameters.Find("normalize")!.Place.ToString(), Is.EqualTo("r.yaml:9: slices[0].parameters.normalize"));
            Assert.That(recipe.Slices[1].Place.ToString(), Is.EqualTo("r.yaml:10: slices[1]"));
            Assert.That(recipe.Slices[1].Sources[0].Layers.Count, Is.EqualTo(20));
        }
    }

    [Test]
    public void Modules_hold_models_or_slices()
    {
        Recipe recipe = RecipeErrors.Parse("""
            merge_method: linear
            modules:
              encoder:
                models: [{model: a}, {model: b}]
                parameters: {weight: 1}
              decoder:
                slices: [{sources: [{model: a, layer_range: [0, 2]}]}]
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(recipe.Modules.Select(module => module.Name), Is.EqualTo(["encoder", "decoder"]));
            Assert.That(recipe.Modules[0].Models, Has.Count.EqualTo(2));
            Assert.That(recipe.Modules[0].Parameters.Find("weight"), Is.EqualTo(new NumberValue(1)));
            Assert.That(recipe.Modules[1].Slices[0].Sources[0].Model.Place.ToString(), Is.EqualTo("r.yaml:7: modules.decoder.slices[0].sources[0]"));
        }
    }

    [Test]
    public void Recipes_of_one_file_use_each_other_s_results_by_name_in_any_order()
    {
        Recipe recipe = RecipeErrors.Parse("""
            merge_method: slerp
            base_model: left
            models: [{model: left}, {model: right}]
            ---
            name: right
            merge_method: linear
            models: [{model: left}, {model: b}]
            ---
            name: left
            merge_method: linear
            models: [{model: a}]
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(recipe.MergeMethod.Value, Is.EqualTo("slerp"));
            Assert.That(recipe.BaseModel!.IsStage, Is.True);
            Assert.That(recipe.Stages.Select(stage => stage.Name!.Value), Is.EqualTo(["left", "right"]));
            Assert.That(recipe.Stages[1].Models.Select(model => model.Path.IsStage), Is.EqualTo([true, false]));
        }
    }

    [Test]
    public void Where_every_recipe_has_a_name_the_one_that_none_uses_makes_the_result()
    {
        Recipe recipe = RecipeErrors.Parse(
            "name: b\nmerge_method: x\nmodels: [{model: a}]\n---\nname: a\nmerge_method: y\nmodels: [{model: c}]\n");
        Assert.That(recipe.Name!.Value, Is.EqualTo("b"));
        Assert.That(recipe.Stages.Single().MergeMethod.Value, Is.EqualTo("y"));
    }

    [Test]
    public void The_results_of_earlier_recipes_are_not_looked_for_on_disk()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "a"));
        string file = Path.Combine(folder.Path, "r.yaml");
        File.WriteAllText(file, "name: s\nmerge_method: x\nmodels: [{model: a}]\n---\nmerge_method: x\nmodels: [{model: s}, {model: a}]\ntokenizer_source: s\n");
        Recipe recipe = RecipeReader.ReadFile(file);
        Assert.That(recipe.Models[1].Path.Resolved, Is.EqualTo(Path.Combine(folder.Path, "a")));
        Assert.That(recipe.Stages[0].Models[0].Path.Resolved, Is.EqualTo(Path.Combine(folder.Path, "a")));
        Assert.That(recipe.TokenizerSource!.Path!.IsStage, Is.True);
    }

    [Test]
    public void Tokenizers_are_read_in_the_newer_form_too()
    {
        Recipe recipe = RecipeErrors.Parse("""
            merge_method: x
            models: [{model: a}]
            tokenizer:
              tokens:
                <|im_start|>: {source: a}
                <|end|>: {source: {kind: model_token, model: a, token: </s>}, force: true}
                <|pad|>: {source: {kind: zero}}
                <|new|>:
              pad_to_multiple_of: 64
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(recipe.TokenizerSource!.IsUnion, Is.True);
            Assert.That(recipe.Tokens.Select(rule => rule.Token), Is.EqualTo(["<|im_start|>", "<|end|>", "<|pad|>", "<|new|>"]));
            Assert.That(recipe.Tokens[0].Source, Is.EqualTo(new ModelEmbedding(new ModelPath("a"))));
            Assert.That(recipe.Tokens[1].Source, Is.EqualTo(new ModelTokenEmbedding(new ModelPath("a"), "</s>", null)));
            Assert.That(recipe.Tokens.Select(rule => rule.Force), Is.EqualTo([false, true, false, false]));
            Assert.That(recipe.Tokens[2].Source, Is.EqualTo(new ZeroEmbedding()));
            Assert.That(recipe.Tokens[3].Source, Is.Null);
            Assert.That(recipe.PadToMultipleOf, Is.EqualTo(64));
        }
    }

    [TestCase("float32", "float32")]
    [TestCase("f32", "float32")]
    [TestCase("FP32", "float32")]
    [TestCase("bfloat16", "bfloat16")]
    [TestCase("bf16", "bfloat16")]
    [TestCase("float16", "float16")]
    [TestCase("f16", "float16")]
    [TestCase("float64", "float64")]
    [TestCase("float8_e4m3fn", "float8_e4m3fn")]
    [TestCase("F8_E5M2", "float8_e5m2")]
    [TestCase("torch.float16", "float16")]
    public void Element_types_have_one_canonical_name(string written, string canonical)
    {
        Recipe recipe = RecipeErrors.Parse($"merge_method: x\nmodels: [{{model: a}}]\nout_dtype: {written}\n");
        Assert.That(recipe.OutDType!.Value, Is.EqualTo(canonical));
    }

    [Test]
    public void An_alias_stands_for_what_its_anchor_holds()
    {
        Recipe recipe = RecipeErrors.Parse(
            "merge_method: x\nmodels:\n  - model: a\n    parameters: &p {weight: [0, 1]}\n  - model: b\n    parameters: *p\n");
        Assert.That(recipe.Models[1].Parameters, Is.EqualTo(recipe.Models[0].Parameters));
    }

    [Test]
    public void Recipes_that_say_the_same_on_other_lines_are_equal()
    {
        Recipe one = RecipeErrors.Parse("merge_method: x\nmodels: [{model: a, parameters: {w: 1}}]\n");
        Recipe other = RecipeReader.Parse("# above\n\n\"merge_method\": 'x'\nmodels:\n\n- model: a\n  parameters:\n    w: 1.0\n", "other");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(other, Is.EqualTo(one));
            Assert.That(other.GetHashCode(), Is.EqualTo(one.GetHashCode()));
            Assert.That(other, Is.Not.EqualTo(one with { DType = "float32" }));
        }
    }

    [Test]
    public void A_file_s_paths_lead_from_its_folder_first_and_then_from_the_current_one()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "sub", "a"));
        string here = Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(folder.Path, "sub"));
        File.WriteAllText(Path.Combine(folder.Path, "r.yaml"),
            $"merge_method: x\nbase_model: \"{here}\"\nmodels: [{{model: sub/a}}]\ntokenizer_source: {Path.Combine(folder.Path, "sub")}\n");
        Recipe recipe = RecipeReader.ReadFile(Path.Combine(folder.Path, "r.yaml"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(recipe.Models[0].Path.Written, Is.EqualTo("sub/a"));
            Assert.That(recipe.Models[0].Path.Resolved, Is.EqualTo(Path.Combine(folder.Path, "sub", "a")));
            Assert.That(recipe.BaseModel!.Written, Is.EqualTo(here));
            Assert.That(recipe.BaseModel.Resolved, Is.EqualTo(Path.Combine(folder.Path, "sub")));
            Assert.That(recipe.TokenizerSource!.Path!.Resolved, Is.EqualTo(Path.Combine(folder.Path, "sub")));
        }
    }

    [TestCase("base_model: gone\nmodels: [{model: a}]", ":2: base_model: \"gone\"")]
    [TestCase("models:\n  - model: a\n  - vector: gone", ":4: models[1].vector: \"gone\"")]
    [TestCase("models: [{model: a}]\ntokenizer_source: gone", ":3: tokenizer_source: \"gone\"")]
    [TestCase("slices: [{sources: [{model: gone, layer_range: [0, 1]}]}]", ":2: slices[0].sources[0].model: \"gone\"")]
    [TestCase("slices: [{sources: [{model: a, layer_range: [0, 1]}], base_model: gone}]", ":2: slices[0].base_model: \"gone\"")]
    [TestCase("modules: {m: {models: [{model: gone}]}}", ":2: modules.m.models[0].model: \"gone\"")]
    [TestCase("models: [{model: a}]\ntokenizer: {tokens: {t: {source: gone}}}", ":3: tokenizer.tokens.t.source: \"gone\"")]
    public void A_model_that_is_not_there_is_named_with_its_line(string lines, string expected)
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "a"));
        string file = Path.Combine(folder.Path, "r.yaml");
        File.WriteAllText(file, "merge_method: x\n" + lines);
        DemException error = RecipeErrors.Of(() => RecipeReader.ReadFile(file));
        Assert.That(error.Code, Is.SameAs(ErrorCode.CheckpointNotFound));
        Assert.That(error.Message, Does.StartWith(file + expected));
    }

    [Test]
    public void A_missing_recipe_or_a_folder_is_not_found()
    {
        using var folder = new TempFolder();
        foreach (string path in new[] { Path.Combine(folder.Path, "none.yaml"), Path.Combine(folder.Path, "no", "r.yaml"), folder.Path, "a\0b" })
        {
            Assert.That(RecipeErrors.Of(() => RecipeReader.ReadFile(path)).Code, Is.SameAs(ErrorCode.RecipeNotFound), path);
        }
    }

    [Test]
    public void A_byte_order_mark_is_passed_over()
    {
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "r.yaml");
        File.WriteAllText(file, $"merge_method: x\nmodels: [{{model: {folder.Path}}}]\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.That(RecipeReader.ReadFile(file).MergeMethod.Value, Is.EqualTo("x"));
    }

    [Test]
    public void A_file_that_is_not_UTF8_or_too_large_is_not_YAML()
    {
        using var folder = new TempFolder();
        string file = Path.Combine(folder.Path, "r.yaml");
        File.WriteAllBytes(file, [.. "merge_method: "u8, 0xFF, 0xFE]);
        DemException error = RecipeErrors.Of(() => RecipeReader.ReadFile(file));
        Assert.That(error.Code, Is.SameAs(ErrorCode.RecipeNotYaml));
        Assert.That(error.Message, Does.Contain("UTF-8"));

        File.WriteAllText(file, "#" + new string('x', 1 << 20));
        error = RecipeErrors.Of(() => RecipeReader.ReadFile(file));
        Assert.That(error.Code, Is.SameAs(ErrorCode.RecipeNotYaml));
        Assert.That(error.Message, Does.Contain("1 MiB"));
    }

    [TestCase("dem")]
    [TestCase("linear")]
    [TestCase("slerp")]
    public void The_example_recipes_are_recipes(string method)
    {
        Recipe recipe = RecipeReader.Parse(File.ReadAllText(Example(method)), method);
        Assert.That(recipe.MergeMethod.Value, Is.EqualTo(method));
        Assert.That(RecipeErrors.Parse(recipe.ToYaml()), Is.EqualTo(recipe));
    }

    [Test]
    public void The_slerp_example_means_what_it_says()
    {
        ScopedParameters parameters = RecipeReader.Parse(File.ReadAllText(Example("slerp")), "slerp").ParametersOf(1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parameters.Number("t", "model.layers.0.self_attn.q_proj.weight", 0.25, null), Is.EqualTo(0.5));
            Assert.That(parameters.Number("t", "model.layers.0.mlp.up_proj.weight", 0, null), Is.EqualTo(1));
            Assert.That(parameters.Number("t", "model.norm.weight", 1, null), Is.EqualTo(0.5));
        }
    }

    private static string Example(string method)
    {
        string folder = TestContext.CurrentContext.TestDirectory;
        while (!File.Exists(Path.Combine(folder, "DemEngine.sln"))) folder = Path.GetDirectoryName(folder)!;
        return Path.Combine(folder, "docs", "recipes", method + ".yaml");
    }
}
