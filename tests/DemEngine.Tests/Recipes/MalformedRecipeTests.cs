using System.Diagnostics;
using System.Text;

namespace DemEngine.Tests.Recipes;

/// <summary>Recipes with one thing wrong each, and the error it must give.</summary>
public sealed class MalformedRecipeTests
{
    private const string Good = "merge_method: dem\nmodels: [{model: a}]\n";

    [TestCase("merge_method: dem\nmodels: [{model: a}]\nzebra: 1\n", 3, "zebra")]
    [TestCase("merge_method: dem\nmodels:\n\t- model: x\n", 3, null)]
    [TestCase("merge_method: *nowhere\n", 1, null)]
    [TestCase("merge_method: dem\nmodels:\n  - modle: a\n", 3, "models[0].modle")]
    public void Programs_are_told_the_place(string text, int line, string? key)
    {
        DemException error = RecipeErrors.Of(text);
        Assert.That(error.Path, Is.EqualTo("r.yaml"));
        Assert.That(error.Line, Is.EqualTo(line));
        Assert.That(error.Key, Is.EqualTo(key));
    }

    private static IEnumerable<TestCaseData> Cases()
    {
        static TestCaseData Case(ErrorCode code, string text, string message) =>
            new TestCaseData(code, text, message).SetArgDisplayNames(code.ToString(), message);

        ErrorCode notYaml = ErrorCode.RecipeNotYaml, wrong = ErrorCode.WrongValue, missing = ErrorCode.MissingKey;
        ErrorCode unknown = ErrorCode.UnknownKey, unsupported = ErrorCode.UnsupportedFeature, twice = ErrorCode.DuplicateKey;

        // Not YAML.
        yield return Case(notYaml, "merge_method: dem\nmodels: [a\n", "r.yaml:3:1: not valid YAML");
        yield return Case(notYaml, "merge_method: \"dem\n", "r.yaml:1:15: not valid YAML");
        yield return Case(notYaml, "\tmerge_method: dem\nmodels: []\n", "r.yaml:1:1: not valid YAML: the line is indented by a tab");
        yield return Case(notYaml, "# c\n\n \tmerge_method: dem\nmodels: []\n", "r.yaml:3:2: not valid YAML: the line is indented by a tab");
        yield return Case(notYaml, "merge_method: dem\n\tmodels: []\n", "r.yaml:2:1: not valid YAML: the line is indented by a tab");
        yield return Case(notYaml, "merge_method: dem\nbase_model: b\nmodels:\n\t- model: x\n", "r.yaml:4:1: not valid YAML: the line is indented by a tab");
        yield return Case(notYaml, "merge_method: dem\nmodels:\n  - model: x\n    parameters:\n  \t  w: 1\n", "r.yaml:5:3: not valid YAML: the line is indented by a tab");
        yield return Case(notYaml, "merge_method: dem\nbase_model: [\nmodels:\n#\tx\n", "r.yaml:2:13: not valid YAML: what follows cannot be read");
        yield return Case(notYaml, "merge_method: 'a' b\n", "r.yaml:1:");
        yield return Case(notYaml, "merge_method: dem\n  models: x\n", "r.yaml:2:");
        yield return Case(notYaml, "merge_method: @dem\n", "r.yaml:1:");
        yield return Case(notYaml, "merge_method: \"\\q\"\n", "r.yaml:1:");
        yield return Case(notYaml, "merge_method: *nowhere\n", "r.yaml:1:15: the alias \"*nowhere\" has no anchor");
        yield return Case(notYaml, "a: &x [*x]\n", "r.yaml:1:8: the alias \"*x\" has no anchor");
        yield return Case(notYaml, new string('[', 40) + new string(']', 40), "r.yaml:1:33: nested more than 32 levels deep");
        yield return Case(notYaml, "merge_method: \"\uD83D\"\n", "r.yaml:1:15: the text is not valid Unicode");
        yield return Case(notYaml, "merge_method: \"\\uD83D\"\n", "r.yaml:1:");
        yield return Case(notYaml, "parameters:\n  t:\n    - : &p\n a: b\n", "r.yaml:");
        yield return Case(notYaml, "base_model: [0*a.1, 1\ne-3]\n", "r.yaml:1:");
        yield return Case(notYaml, "#" + new string('x', 1 << 20), "larger than 1 MiB");
        yield return Case(notYaml, "#" + new string('é', 1 << 19), "larger than 1 MiB");

        // Not one mapping.
        yield return Case(missing, "", "r.yaml:1: the recipe has no \"merge_method\"");
        yield return Case(missing, "# only a comment\n", "r.yaml:1: the recipe has no \"merge_method\"");
        yield return Case(missing, "---\n", "the recipe has no \"merge_method\"");
        yield return Case(wrong, "dem", "r.yaml:1: expected a mapping with merge_method and models, found the text \"dem\"");
        yield return Case(wrong, "\n- merge_method: dem\n", "r.yaml:2: expected a mapping with merge_method and models, found a list");
        yield return Case(wrong, "? [a]\n: b\n", "r.yaml:1:3: a key must be a plain text");
        yield return Case(wrong, "? " + new string('k', 300) + "\n: b\n", "is longer than 128 characters");

        // Keys.
        yield return Case(twice, "merge_method: a\nmerge_method: b\n", "r.yaml:2:1: the key \"merge_method\" is given twice, first on line 1");
        yield return Case(twice, Good + "parameters:\n  w: 1\n  \"w\": 2\n", "r.yaml:5:3: the key \"w\" is given twice, first on line 4");
        yield return Case(unknown, "merge_methd: dem\n",
            "r.yaml:1: merge_methd: unknown key (did you mean \"merge_method\"?); known here: base_model, chat_template, dtype, gradient_after_layers, merge_method, models, modules, name, out_dtype, parameters, slices, tokenizer, tokenizer_source");
        yield return Case(unknown, Good + "zebra: 1\n", "r.yaml:3: zebra: unknown key; known here: ");
        yield return Case(unknown, Good + "\"a b\\n\": 1\n", "r.yaml:3: \"a b\\u000A\": unknown key");
        yield return Case(unknown, "merge_method: x\nmodels:\n  - modle: a\n", "r.yaml:3: models[0].modle: unknown key (did you mean \"model\"?); known here: lora, model, parameters, vector");
        yield return Case(unknown, Good + "parameters:\n  w:\n    - filtre: a\n      value: 1\n", "r.yaml:5: parameters.w[0].filtre: unknown key (did you mean \"filter\"?); known here: filter, value");
        yield return Case(missing, "models: [{model: a}]\n", "r.yaml:1: the recipe has no \"merge_method\"");
        yield return Case(missing, "merge_method:\nmodels: [{model: a}]\n", "r.yaml:1: the recipe has no \"merge_method\"");
        yield return Case(missing, "merge_method: dem\n", "r.yaml:1: the recipe has no \"models\"");
        yield return Case(missing, "merge_method: dem\nmodels:\n  - parameters: {w: 1}\n", "r.yaml:3: models[0]: expected model or vector, found neither");
        yield return Case(missing, Good + "parameters:\n  w:\n    - filter: a\n", "r.yaml:5: parameters.w[0]: the condition has no value");

        // Types.
        yield return Case(wrong, "merge_method: 12\n", "r.yaml:1: merge_method: expected the name of a merge method, found the number 12; put it in quotes");
        yield return Case(wrong, "merge_method: [dem]\n", "r.yaml:1: merge_method: expected the name of a merge method, found a list");
        yield return Case(wrong, "merge_method: \"\"\n", "found the text \"\"");
        yield return Case(wrong, "base_model: true\n", "r.yaml:1: base_model: expected the path of a model, found true");
        yield return Case(wrong, "base_model: \"a\\0b\"\n", "r.yaml:1: base_model: a path cannot hold a NUL");
        yield return Case(wrong, "models: a\n", "r.yaml:1: models: expected a list of models, found the text \"a\"");
        yield return Case(wrong, "models: {model: a}\n", "r.yaml:1: models: expected a list of models, found a mapping");
        yield return Case(wrong, "models:\n  - a\n", "r.yaml:2: models[0]: expected a mapping with \"model: PATH\" or \"vector: PATH\", found the text \"a\"");
        yield return Case(wrong, "models:\n  - model:\n", "r.yaml:2: models[0].model: expected the path of a model, found nothing");
        yield return Case(wrong, "models:\n  - model: 3\n", "r.yaml:2: models[0].model: expected the path of a model, found the number 3");
        yield return Case(wrong, "models:\n  - model: a\n    vector: b\n", "r.yaml:3: models[0].vector: expected either model or vector, found both");
        yield return Case(ErrorCode.WrongModelCount, "merge_method: x\nmodels: []\n", "r.yaml:2: models: the list of models is empty");
        yield return Case(wrong, "dtype: float31\n",
            "r.yaml:1: dtype: unknown element type \"float31\" (did you mean \"float32\"?); known: float64, float32, float16, bfloat16, float8_e4m3fn, float8_e5m2");
        yield return Case(wrong, "out_dtype: 16\n", "r.yaml:1: out_dtype: expected the name of an element type, found the number 16");
        yield return Case(wrong, "parameters: [1]\n", "r.yaml:1: parameters: expected a mapping of parameters, found a list");
        yield return Case(wrong, "parameters:\n  w:\n", "r.yaml:2: parameters.w: expected a value, found nothing");
        yield return Case(wrong, "parameters:\n  w: []\n", "r.yaml:2: parameters.w: expected a number, true, false, a text, a list of numbers or a list of {filter, value}, found an empty list");
        yield return Case(wrong, "parameters:\n  w: {x: 1}\n", "r.yaml:2: parameters.w: expected a number, true, false, a text, a list of numbers or a list of {filter, value}, found a mapping");
        yield return Case(wrong, "parameters:\n  w: {filter: a, value: 1}\n", "r.yaml:2: parameters.w: a condition must be an item of a list");
        yield return Case(wrong, "parameters:\n  w:\n    - 1\n    - abc\n", "r.yaml:4: parameters.w[1]: expected a number, as in every item of a list of numbers, found the text \"abc\"");
        yield return Case(wrong, "parameters:\n  w: [1, true]\n", "r.yaml:2: parameters.w[1]: expected a number");
        yield return Case(wrong, "parameters:\n  w: [1, {value: 2}]\n", "r.yaml:2: parameters.w[1]: expected a number");
        yield return Case(wrong, "parameters:\n  w: [[1]]\n", "r.yaml:2: parameters.w[0]: expected a number");
        yield return Case(wrong, "parameters:\n  w: [{value: 1}, 2]\n", "r.yaml:2: parameters.w[1]: expected a mapping of filter and value, found the number 2");
        yield return Case(wrong, "parameters:\n  w:\n    - filter: 1\n      value: 2\n", "r.yaml:3: parameters.w[0].filter: expected a text to find in tensor names, found the number 1; put it in quotes");
        yield return Case(wrong, "parameters:\n  w:\n    - filter: \"\"\n      value: 2\n", "r.yaml:3: parameters.w[0].filter: expected a text");
        yield return Case(wrong, "parameters:\n  w:\n    - value: [{value: 2}]\n", "r.yaml:3: parameters.w[0].value[0]: expected a number");
        yield return Case(wrong, "parameters:\n  w:\n    - value: {value: 2}\n", "r.yaml:3: parameters.w[0].value: expected a number");

        // Slices and modules.
        const string OneSlice = "merge_method: x\nslices:\n  - sources:\n      - {model: a, layer_range: ";
        yield return Case(ErrorCode.WrongModelCount, "merge_method: x\nslices: []\n", "r.yaml:2: slices: the list of slices is empty");
        yield return Case(ErrorCode.WrongModelCount, "merge_method: x\nslices:\n  - sources: []\n", "r.yaml:3: slices[0].sources: the list of sources is empty");
        yield return Case(missing, "slices:\n  - parameters: {w: 1}\n", "r.yaml:2: slices[0]: the slice has no \"sources\"");
        yield return Case(missing, "slices:\n  - sources: [{model: a}]\n", "r.yaml:2: slices[0].sources[0]: the source has no \"layer_range\"");
        yield return Case(wrong, "slices:\n  - sources: {model: a}\n", "r.yaml:2: slices[0].sources: expected a list of models with their layer_range, found a mapping");
        yield return Case(wrong, OneSlice + "4}\n", "r.yaml:4: slices[0].sources[0].layer_range: expected two whole numbers, the first layer and the one after the last, found the number 4");
        yield return Case(wrong, OneSlice + "[0, 1, 2]}\n", "layer_range: expected two whole numbers, the first layer and the one after the last, found a list of 3");
        yield return Case(wrong, OneSlice + "[0, 1.5]}\n", "layer_range[1]: expected a whole number from 0, found the number 1.5");
        yield return Case(wrong, OneSlice + "[-1, 2]}\n", "layer_range[0]: expected a whole number from 0, found the number -1");
        yield return Case(wrong, OneSlice + "[2, 2]}\n", "layer_range: [2, 2] holds no layer");
        yield return Case(wrong, OneSlice + "[3, 2]}\n", "layer_range: [3, 2] holds no layer");
        yield return Case(wrong, OneSlice + "[0, 2]}\n      - {model: b, layer_range: [0, 3]}\n", "r.yaml:5: slices[0].sources[1]: the sources of a slice have as many layers each; the first has 2, this one 3");
        yield return Case(unsupported, OneSlice + "[0, 1]}\n    residual_weight: 0.5\n", "r.yaml:5: slices[0].residual_weight: ");
        yield return Case(unsupported, "slices:\n  - model: a\n", "r.yaml:2: slices[0].model: a slice has \"sources\"");
        yield return Case(unknown, OneSlice + "[0, 1]}\n    sorces: 1\n", "slices[0].sorces: unknown key (did you mean \"sources\"?); known here: base_model, parameters, sources");
        yield return Case(wrong, Good + "slices:\n  - sources: [{model: a, layer_range: [0, 1]}]\n", "r.yaml:1: \"models\" and \"slices\" exclude each other");
        yield return Case(wrong, Good + "modules: {x: {models: [{model: a}]}}\n", "r.yaml:1: \"models\" and \"modules\" exclude each other");
        yield return Case(ErrorCode.WrongModelCount, "modules: {}\n", "r.yaml:1: modules: the mapping of modules is empty");
        yield return Case(wrong, "modules: [a]\n", "r.yaml:1: modules: expected a mapping of modules, found a list");
        yield return Case(missing, "modules:\n  text_model:\n    parameters: {w: 1}\n", "r.yaml:2: modules.text_model: this has no \"models\"");
        yield return Case(wrong, "modules:\n  x:\n    models: [{model: a}]\n    slices: [{sources: [{model: a, layer_range: [0, 1]}]}]\n", "r.yaml:2: modules.x: \"models\" and \"slices\" exclude each other");
        yield return Case(unsupported, "modules:\n  x:\n    merge_method: slerp\n", "r.yaml:3: modules.x.merge_method: ");
        yield return Case(unsupported, "modules:\n  x:\n    base_model: a\n", "r.yaml:3: modules.x.base_model: ");

        // Several recipes in one file.
        yield return Case(missing, Good + "---\n" + Good, "r.yaml:4: two recipes have no \"name\", the first on line 1");
        yield return Case(twice, "name: a\n" + Good + "---\nname: a\n" + Good, "r.yaml:5: name: two recipes are named \"a\", the first on line 1");
        yield return Case(unsupported, "name: one\n" + Good + "---\n" + Good, "r.yaml:1: name: no other recipe uses this one's result");
        yield return Case(unsupported, "name: one\n" + Good + "---\nname: two\n" + Good, "r.yaml:1: name: no other recipe uses this one's result");
        yield return Case(wrong, "name: a\n" + Good + "---\nmerge_method: x\nmodels: [{model: a}]\n", "r.yaml:1: name: the recipe \"a\" needs its own result");
        yield return Case(wrong, "name: b\nmerge_method: x\nmodels: [{model: c}]\n---\nname: c\nmerge_method: x\nmodels: [{model: b}]\n", "needs its own result, by itself or through others");
        yield return Case(wrong, "name: 3\n", "r.yaml:1: name: expected a name for the recipe's result, found the number 3");
        yield return Case(notYaml, Good + "---\na: *x\n", "the alias \"*x\" has no anchor");
        yield return Case(notYaml, "merge_method: &m dem\nmodels: [{model: a}]\n---\nmerge_method: *m\n", "the alias \"*m\" has no anchor");
        yield return Case(notYaml, string.Concat(Enumerable.Range(0, 101).Select(i => $"name: n{i}\n---\n")), "more than 100 recipes in one file");

        // Tokenizers.
        yield return Case(wrong, Good + "tokenizer_source: base\ntokenizer: {source: union}\n", "r.yaml:4: tokenizer: expected either tokenizer or tokenizer_source, found both, the other on line 3");
        yield return Case(wrong, Good + "tokenizer: union\n", "r.yaml:3: tokenizer: expected a mapping with source, tokens and pad_to_multiple_of, found the text \"union\"");
        yield return Case(unknown, Good + "tokenizer: {sorce: union}\n", "r.yaml:3: tokenizer.sorce: unknown key (did you mean \"source\"?)");
        yield return Case(wrong, Good + "tokenizer: {pad_to_multiple_of: 0}\n", "r.yaml:3: tokenizer.pad_to_multiple_of: expected a whole number from 1");
        yield return Case(wrong, Good + "tokenizer: {pad_to_multiple_of: 1.5}\n", "r.yaml:3: tokenizer.pad_to_multiple_of: expected a whole number from 0, found the number 1.5");
        yield return Case(wrong, Good + "tokenizer: {tokens: [a]}\n", "r.yaml:3: tokenizer.tokens: expected a mapping of tokens, found a list");
        yield return Case(wrong, Good + "tokenizer: {tokens: {\"\": {source: a}}}\n", "a token is not empty");
        yield return Case(wrong, Good + "tokenizer: {tokens: {t: {source: {kind: average}}}}\n", "r.yaml:3: tokenizer.tokens.t.source: expected the kind zero or model_token, found \"average\"");
        yield return Case(wrong, Good + "tokenizer: {tokens: {t: {source: {model: a}}}}\n", "tokenizer.tokens.t.source: expected the kind zero or model_token, found none");
        yield return Case(wrong, Good + "tokenizer: {tokens: {t: {source: {kind: zero, model: a}}}}\n", "an embedding of zeros takes no model and no token");
        yield return Case(missing, Good + "tokenizer: {tokens: {t: {source: {kind: model_token, model: a}}}}\n", "expected model and either token or token_id");
        yield return Case(missing, Good + "tokenizer: {tokens: {t: {source: {kind: model_token, model: a, token: u, token_id: 1}}}}\n", "expected model and either token or token_id");
        yield return Case(missing, Good + "tokenizer: {tokens: {t: {force: true}}}\n", "tokenizer.tokens.t: there is no \"source\" whose embedding could be forced");
        yield return Case(wrong, Good + "tokenizer: {tokens: {t: {source: a, force: 2}}}\n", "tokenizer.tokens.t.force: expected true or false, found the number 2");

        // What mergekit does and this version does not.
        foreach (string key in new[] { "experts", "shared_experts", "experts_per_token", "gate_mode" })
            yield return Case(unsupported, $"{key}: []\n", $"r.yaml:1: {key}: this belongs to a recipe for a mixture of experts, which `dem moe` builds");
        foreach (string key in new[]
        {
            "allow_crimes", "random_seed", "cuda", "device", "low_cpu_memory", "out_shard_size", "copy_tokenizer", "clone_tensors", "trust_remote_code",
            "lazy_unpickle", "write_model_card", "safe_serialization", "transformers_cache", "lora_merge_cache", "lora_merge_dtype", "read_to_gpu",
            "multi_gpu", "num_threads", "gpu_rich", "async_write", "write_threads",
        })
        {
            yield return Case(unsupported, $"{key}: 1\n", $"r.yaml:1: {key}: this is an option of mergekit's command line and no part of a recipe");
        }

        foreach (string key in new[] { "architecture", "layer_slices", "embedding_source", "lm_head_source", "input_model_parameters", "residual_weight", "genome", "tasks" })
            yield return Case(unsupported, $"{key}: 1\n", $"r.yaml:1: {key}: ");
        yield return Case(unsupported, "models:\n  - override_architecture: x\n", "r.yaml:2: models[0].override_architecture: ");
        yield return Case(ErrorCode.MissingKey, "models:\n  - lora: x\n", "r.yaml:2: models[0].lora: an adapter is merged with its model");
        yield return Case(unsupported, "models:\n  - path: a\n", "r.yaml:2: models[0].path: ");
        yield return Case(ErrorCode.WrongValue, "base_model: {model: {model: a, lora: b}, lora: b}\n", "r.yaml:1: base_model.lora: a model has one adapter");
        yield return Case(unsupported, "models:\n  - model: {model: {path: a, revision: main}}\n", "r.yaml:2: models[0].model.model.revision: revisions are not supported");
        yield return Case(unknown, "tokenizer_source: {modl: a}\n", "r.yaml:1: tokenizer_source.modl: unknown key (did you mean \"model\"?)");
        yield return Case(missing, "base_model: {lora: null}\n", "r.yaml:1: base_model: the model has no \"path\"");
        yield return Case(unsupported, "models:\n  - model: a\n    layer_range: [0, 8]\n", "r.yaml:3: models[0].layer_range: ");
        yield return Case(unsupported, "merge_method: !!str dem\n", "r.yaml:1:15: the YAML tag ");
        yield return Case(unsupported, "merge_method: !!python/object:os.system dem\n", "r.yaml:1:15: the YAML tag ");
    }

    [TestCaseSource(nameof(Cases))]
    public void Each_gives_its_error(ErrorCode code, string text, string message)
    {
        DemException error = RecipeErrors.Of(text);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Code, Is.SameAs(code), error.Message);
            Assert.That(error.Message, Does.Contain(message));
            Assert.That(error.Message, Does.StartWith("r.yaml").And.Not.Contain("\n"));
            Assert.That(error.Message, Has.Length.LessThan(400));
        }
    }

    [Test]
    public void Aliases_cannot_make_a_small_file_large()
    {
        var text = new StringBuilder("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
        for (int i = 1; i < 30; i++) text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        AssertQuicklyNotYaml(text.ToString(), "more than 100000 values");
    }

    [Test]
    public void Aliases_to_one_large_model_cannot_either()
    {
        string parameters = string.Join(", ", Enumerable.Range(0, 20_000).Select(i => $"p{i}: 1"));
        string text = $"merge_method: x\nmodels:\n  - &m {{model: a, parameters: {{{parameters}}}}}\n"
            + string.Concat(Enumerable.Repeat("  - *m\n", 50_000));
        AssertQuicklyNotYaml(text, "more than 100000 values");
    }

    [TestCase("[")]
    [TestCase("{a: ")]
    [TestCase("- ")]
    [TestCase("? ")]
    [TestCase("[[{")]
    public void Nesting_as_deep_as_the_file_is_large_is_refused(string opening) =>
        AssertQuicklyNotYaml(string.Concat(Enumerable.Repeat(opening, 1_000_000 / opening.Length)), "nested more than");

    [TestCase("a,")]
    [TestCase("?,")]
    [TestCase("&a ")]
    [TestCase("a: ")]
    [TestCase("!")]
    [TestCase("\"")]
    [TestCase("--- ")]
    [TestCase("\n---\n")]
    [TestCase("- \n")]
    public void A_megabyte_of_anything_is_an_error_and_a_quick_one(string piece)
    {
        string text = "models: [" + string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length));
        var clock = Stopwatch.StartNew();
        RecipeErrors.Of(text);
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    private static void AssertQuicklyNotYaml(string text, string message)
    {
        var clock = Stopwatch.StartNew();
        DemException error = RecipeErrors.Of(text);
        Assert.That(error.Code, Is.SameAs(ErrorCode.RecipeNotYaml));
        Assert.That(error.Message, Does.Contain(message));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
    }
}
