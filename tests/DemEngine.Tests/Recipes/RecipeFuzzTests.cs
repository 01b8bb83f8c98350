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
            string text = Mutate(random);
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

    private static string Mutate(Random random)
    {
        var text = new StringBuilder(Seed);
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
                    text[at] = Seed[random.Next(Seed.Length)];
                    break;
            }

            if (text.Length < 2) text.Append(Seed);
        }

        return text.ToString();
    }
}
