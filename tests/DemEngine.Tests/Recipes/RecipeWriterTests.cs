using DemEngine.Recipes;
using DemEngine.Recipes.Text;
using DemEngine.Recipes.Values;
using FsCheck;
using FsCheck.Fluent;

namespace DemEngine.Tests.Recipes;

public sealed class RecipeWriterTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements(
            "true", "No", "y", "null", "~", "1", "0.5", ".5", "1e3", ".inf", "0x1F", "- a", "a: b", "# c", "a #b", "*", "&a", "!t", "|", "\"", "'", "\\", "%",
            " ", " lead", "trail ", "tab\t", "line\nline", "\r\n", "\u0085", "\u2028", "\uFEFF", "\u200B", "é", "模型", "😀", "\u0001", "---", "...", "=", "<<",
            "./x", "../x/y", "/abs/model-7b", "org/name", "a_b", ".hidden", "C:\\models\\a", "12:30", "2024-01-01", "1_000", "?", "[a]", "{a}", "a,b", "`", "@a"),
        ArbMap.Default.GeneratorFor<NonEmptyString>().Select(text => string.Concat(text.Get.EnumerateRunes())).Where(text => text.Length > 0));

    // A path may not ask for what is not supported.
    private static readonly Gen<ModelPath> Paths =
        Texts.Where(text => !text.Contains('+') && !text.Contains('\0')).Select(text => new ModelPath(text));

    private static readonly Gen<double> Numbers = Gen.OneOf(
        ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite),
        Gen.Elements(0, -0.0, 1, -1, 1e-5, 1e300, double.MaxValue, double.Epsilon, 0.1, 1.5e-7, 123456789012345680.0));

    private static readonly Gen<UnconditionalValue> Values = Gen.OneOf(
        Numbers.Select(number => (UnconditionalValue)new NumberValue(number)),
        Gen.Elements<UnconditionalValue>(new FlagValue(true), new FlagValue(false), new TextValue("")),
        Texts.Select(text => (UnconditionalValue)new TextValue(text)),
        List(Numbers, 1).Select(points => (UnconditionalValue)new GradientValue(points)));

    private static readonly Gen<ParameterValue> AnyValue = Gen.OneOf(
        Values.Select(value => (ParameterValue)value),
        List(from filter in Texts.OrNull() from value in Values select new Condition(filter, value), 1)
            .Select(conditions => (ParameterValue)new ConditionalValue(conditions)));

    private static readonly Gen<ParameterScope> Scopes =
        List(from name in Texts from value in AnyValue select new Parameter(name, value), 0)
            .Select(parameters => new ParameterScope([.. parameters.DistinctBy(parameter => parameter.Name)]));

    private static readonly Gen<RecipeText?> ElementTypes =
        Gen.Elements(DemEngine.Numerics.ElementTypes.FloatNames.Append(null).ToArray()).Select(name => name is null ? null : (RecipeText)name);

    private static readonly Gen<RecipeModel> Models =
        from path in Paths
        from isVector in Gen.Elements(true, false)
        from scope in Scopes
        select new RecipeModel(path, isVector, scope);

    private static readonly Gen<RecipeSlice> Slices =
        from count in Gen.Choose(1, 1000)
        from sources in List(from model in Models from first in Gen.Choose(0, 1000) select new RecipeSliceSource(model, new LayerRange(first, first + count)), 1)
        from baseModel in Paths.OrNull()
        from scope in Scopes
        select new RecipeSlice { Sources = sources, BaseModel = baseModel, Parameters = scope };

    private static readonly Gen<RecipeModule> Modules =
        from name in Texts
        from models in List(Models, 1)
        from slices in List(Slices, 1)
        from isSliced in Gen.Elements(true, false)
        from scope in Scopes
        select new RecipeModule { Name = name, Models = isSliced ? [] : models, Slices = isSliced ? slices : [], Parameters = scope };

    private static readonly Gen<TokenEmbedding> Embeddings = Gen.OneOf(
        Gen.Constant((TokenEmbedding)new ZeroEmbedding()),
        Paths.Select(path => (TokenEmbedding)new ModelEmbedding(path)),
        from path in Paths from token in Texts select (TokenEmbedding)new ModelTokenEmbedding(path, token, null),
        from path in Paths from id in Gen.Choose(0, int.MaxValue) select (TokenEmbedding)new ModelTokenEmbedding(path, null, id));

    private static readonly Gen<TokenRule> Tokens =
        from token in Texts
        from embedding in Embeddings.OrNull()
        from force in Gen.Elements(true, false)
        select new TokenRule(token, embedding, force && embedding is not null, SourceLocation.None);

    private static readonly Gen<TokenizerSource> Tokenizers = Gen.OneOf(
        Gen.Constant(new TokenizerSource(null, SourceLocation.None)),
        Gen.Constant(new TokenizerSource(null, SourceLocation.None) { IsUnion = true }),
        Paths.Where(path => path.Written is not ("base" or "union")).Select(path => new TokenizerSource(path, SourceLocation.None)));

    private static readonly Gen<Recipe> Recipes =
        from method in Texts
        from baseModel in Paths.OrNull()
        from form in Gen.Choose(0, 2)
        from models in List(Models, 1)
        from slices in List(Slices, 1)
        from modules in List(Modules, 1)
        from parameters in Scopes
        from dtype in ElementTypes
        from outDType in ElementTypes
        from afterLayers in Gen.Elements(AfterLayers.First, AfterLayers.Last)
        from tokenizer in Tokenizers.OrNull()
        from tokens in List(Tokens, 0)
        from padding in Gen.Elements<int?>(null, 1, 64)
        from template in Texts.OrNull()
        select new Recipe
        {
            MergeMethod = method,
            BaseModel = baseModel,
            Models = form == 0 ? models : [],
            Slices = form == 1 ? slices : [],
            Modules = form == 2 ? [.. modules.DistinctBy(module => module.Name)] : [],
            Parameters = parameters,
            DType = dtype,
            OutDType = outDType,
            GradientAfterLayers = afterLayers,
            TokenizerSource = tokenizer,
            Tokens = tokenizer is null ? [] : [.. tokens.DistinctBy(rule => rule.Token)],
            PadToMultipleOf = tokenizer is null ? null : padding,
            ChatTemplate = template is { Length: > 0 } ? new RecipeText(template, SourceLocation.None) : null,
        };

    // Each recipe after the first is based on the one before it.
    private static readonly Gen<Recipe> Chains =
        from recipes in List(Recipes, 1)
        select Chain([.. recipes]);

    [Test]
    public void What_is_written_reads_back_the_same() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000).WithEndSize(12),
            Prop.ForAll(Arb.From(Recipes), recipe => RecipeErrors.Parse(recipe.ToYaml()).Equals(recipe)));

    [Test]
    public void Several_recipes_read_back_the_same() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(8),
            Prop.ForAll(Arb.From(Chains), recipe => RecipeErrors.Parse(recipe.ToYaml()).Equals(recipe)));

    [Test]
    public void The_layout_is_the_one_people_write()
    {
        const string Text = """
            merge_method: slerp
            base_model: models/base
            models:
              - model: models/base
              - vector: "vectors/a b"
                parameters:
                  weight: [0, 0.5, 1]
            parameters:
              t:
                - filter: self_attn
                  value: 1.0E-05
                - value: 0.5
              normalize: true
              "on": "1.5"
            dtype: float32
            out_dtype: bfloat16
            tokenizer_source: base

            """;
        Assert.That(RecipeErrors.Parse(Text).ToYaml(), Is.EqualTo(Text));
    }

    [Test]
    public void The_longest_key_can_be_written_escaped()
    {
        var scope = new ParameterScope([new(new string('\u0001', 128), new NumberValue(1))]);
        Recipe recipe = RecipeErrors.Parse("merge_method: x\nmodels: [{model: a}]\n") with { Parameters = scope };
        Assert.That(RecipeErrors.Parse(recipe.ToYaml()), Is.EqualTo(recipe));
    }

    private static Recipe Chain(Recipe[] recipes)
    {
        // Names that no path has.
        for (int k = 0; k < recipes.Length; k++)
        {
            recipes[k] = recipes[k] with
            {
                Name = k == recipes.Length - 1 ? null : (RecipeText)$"stage {k} of a chain",
                BaseModel = k == 0 ? recipes[k].BaseModel : new ModelPath($"stage {k - 1} of a chain") { IsStage = true },
            };
        }

        return recipes[^1] with { Stages = [.. recipes[..^1]] };
    }

    private static Gen<ValueList<T>> List<T>(Gen<T> items, int atLeast) =>
        from count in Gen.Choose(atLeast, 4) from list in items.ArrayOf(count) select ValueList.Create<T>(list);
}
