using System.Diagnostics;
using System.Text;

namespace DemEngine.Tests.Recipes;

/// <summary>Recipes with one thing wrong each, and the error it must give.</summary>
public sealed class MalformedRecipeTests
{
    private const string Good = "merge_method: dem\nmodels: [{model: a}]\n";

    private static IEnumerable<TestCaseData> Cases()
    {
        static TestCaseData Case(ErrorCode code, string text, string message) =>
            new TestCaseData(code, text, message).SetArgDisplayNames(code.ToString(), message);

        ErrorCode notYaml = ErrorCode.RecipeNotYaml, wrong = ErrorCode.WrongValue, missing = ErrorCode.MissingKey;
        ErrorCode unknown = ErrorCode.UnknownKey, unsupported = ErrorCode.UnsupportedFeature, twice = ErrorCode.DuplicateKey;

        // Not YAML.
        yield return Case(notYaml, "merge_method: dem\nmodels: [a\n", "r.yaml:3:1: not valid YAML");
        yield return Case(notYaml, "merge_method: \"dem\n", "not valid YAML");
        yield return Case(notYaml, "merge_method: dem\n\tmodels: []\n", "r.yaml:2:");
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
        yield return Case(unsupported, Good + "---\n" + Good, "r.yaml:3:1: a second YAML document");
        yield return Case(wrong, "? [a]\n: b\n", "r.yaml:1:3: a key must be a plain text");
        yield return Case(wrong, "? " + new string('k', 300) + "\n: b\n", "is longer than 128 characters");

        // Keys.
        yield return Case(twice, "merge_method: a\nmerge_method: b\n", "r.yaml:2:1: the key \"merge_method\" is given twice, first on line 1");
        yield return Case(twice, Good + "parameters:\n  w: 1\n  \"w\": 2\n", "r.yaml:5:3: the key \"w\" is given twice, first on line 4");
        yield return Case(unknown, "merge_methd: dem\n",
            "r.yaml:1: merge_methd: unknown key (did you mean \"merge_method\"?); known here: base_model, dtype, merge_method, models, out_dtype, parameters, tokenizer_source");
        yield return Case(unknown, Good + "zebra: 1\n", "r.yaml:3: zebra: unknown key; known here: ");
        yield return Case(unknown, Good + "\"a b\\n\": 1\n", "r.yaml:3: \"a b\\u000A\": unknown key");
        yield return Case(unknown, "merge_method: x\nmodels:\n  - modle: a\n", "r.yaml:3: models[0].modle: unknown key (did you mean \"model\"?); known here: model, parameters, vector");
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

        // What mergekit does and this version does not.
        yield return Case(unsupported, "merge_method: x\nslices:\n  - sources: []\n", "r.yaml:2: slices: ");
        yield return Case(unsupported, "modules: {}\n", "r.yaml:1: modules: ");
        yield return Case(unsupported, "tokenizer: {source: union}\n", "r.yaml:1: tokenizer: ");
        yield return Case(unsupported, "chat_template: auto\n", "r.yaml:1: chat_template: ");
        yield return Case(unsupported, "name: step1\n", "r.yaml:1: name: ");
        yield return Case(unsupported, "tokenizer_source: union\n", "r.yaml:1: tokenizer_source: a union of tokenizers");
        yield return Case(unsupported, "tokenizer_source: {model: {path: a}}\n", "r.yaml:1: tokenizer_source: a model given as a mapping");
        yield return Case(unsupported, "base_model: a+b\n", "r.yaml:1: base_model: \"a+b\": \"model+lora\" is not supported");
        yield return Case(unsupported, "models:\n  - model: a+b\n", "r.yaml:2: models[0].model: ");
        yield return Case(unsupported, "models:\n  - model: {path: a}\n", "r.yaml:2: models[0].model: a model given as a mapping");
        yield return Case(unsupported, "models:\n  - model:\n      model: {path: a}\n", "r.yaml:2: models[0].model: a model given as a mapping");
        yield return Case(unsupported, "base_model:\n  model:\n    path: a\n", "r.yaml:1: base_model: a model given as a mapping");
        yield return Case(unsupported, "models:\n  - path: a\n", "r.yaml:2: models[0].path: ");
        yield return Case(unsupported, "models:\n  - model: a\n    layer_range: [0, 8]\n", "r.yaml:3: models[0].layer_range: ");
        yield return Case(unsupported, "merge_method: !!str dem\n", "r.yaml:1:15: the YAML tag ");
        yield return Case(unsupported, "merge_method: !!python/object:os.system dem\n", "r.yaml:1:15: the YAML tag ");
        yield return Case(unsupported, "parameters:\n  <<: {w: 1}\n", "r.yaml:2:3: the YAML merge key");
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
