using System.Diagnostics;
using System.Text;
using DemEngine.Recipes;

namespace DemEngine.Tests.Recipes;

public sealed class RecipeFuzzTests
{
    private const string Seed = """
        merge_method: dem   # how
        base_model: "models/base"
        models:
          - model: models/a
            parameters: &p
              weight: [0.1, .5, 1e-3]
              t:
                - filter: self_attn
                  value: 0.5
                - value: true
          - vector: 'v'
            parameters: *p
        parameters: {lambda: 1.0, normalize: false}
        dtype: float32
        out_dtype: bf16
        tokenizer_source: base
        """;

    private const string LargeSeed = """
        name: first
        merge_method: passthrough
        slices:
          - sources: [{model: models/a, layer_range: [0, 4], parameters: {scale: 1}}]
          - sources:
              - model: models/b
                layer_range: [2, 6]
            base_model: models/a
            parameters: {scale: 0.5}
        ---
        merge_method: linear
        base_model: first
        modules:
          text_model:
            models: [{model: first}, {model: models/c}]
            parameters: {weight: 1}
        tokenizer:
          source: union
          tokens:
            <|im_start|>: {source: models/c, force: true}
            <s>: {source: {kind: model_token, model: first, token_id: 1}}
            <pad>: {source: {kind: zero}}
          pad_to_multiple_of: 64
        """;

    private static readonly string[] Pieces =
    [
        " ", "  ", "\n", "\t", ":", ": ", "- ", "-", "[", "]", "{", "}", ",", "\"", "'", "#", "&a", "*a", "*p", "!", "!!str ", "|", ">", "? ",
        "%", "@", "`", "---\n", "...\n", "\0", "\uFEFF", "\u2028", "\x85", "\uD800", "😀", "\\", "\\x", "\\uD800", "\r", "\r\n", "~", "null", ".nan", "1e999",
        "%YAML 1.2\n---\n", "%TAG ! !\n", "<<: ", "0x", "\x01", "9999999999999999999999", "|9\n", ">-\n",
    ];

    [Test]
    public void No_mutation_gives_anything_but_a_recipe_or_a_named_error()
    {
        var random = new Random(20240615);
        var clock = Stopwatch.StartNew();
        int recipes = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string text = Mutate(i % 2 == 0 ? Seed : LargeSeed, random);
            try
            {
                Recipe recipe = RecipeErrors.Parse(text);
                recipes++;
                Assert.That(RecipeErrors.Parse(recipe.ToYaml()), Is.EqualTo(recipe), text);
            }
            catch (DemException)
            {
            }
            catch (Exception error) when (error is not AssertionException)
            {
                Assert.Fail($"{error}\n{text}");
            }
        }

        TestContext.Out.WriteLine($"{recipes} of 20000 were recipes, in {clock.Elapsed.TotalSeconds:F1} s");
        Assert.That(recipes, Is.GreaterThan(100));
    }

    private static string Mutate(string seed, Random random)
    {
        var text = new StringBuilder(seed);
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            int at = random.Next(text.Length);
            int length = Math.Min(random.Next(1, 20), text.Length - at);
            switch (random.Next(5))
            {
                case 0:
                    text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                    break;
                case 1:
                    text.Remove(at, length);
                    break;
                case 2:
                    text.Insert(random.Next(text.Length), text.ToString(at, length));
                    break;
                case 3:
                    text[at] = (char)random.Next(random.Next(2) == 0 ? 128 : 65536);
                    break;
                default:
                    text[at] = seed[random.Next(seed.Length)];
                    break;
            }

            if (text.Length < 2) text.Append(seed);
        }

        return text.ToString();
    }
}
