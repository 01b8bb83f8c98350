using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Schemas;

namespace DemEngine.Cli.Checks;

/// <summary>The command <c>dem schema [merge|moe]</c>.</summary>
internal static class SchemaCommand
{
    private static readonly Dictionary<string, Func<JsonObject>> Schemas = new(StringComparer.Ordinal)
    {
        ["merge"] = RecipeJsonSchema.Make,
        ["moe"] = MixtureJsonSchema.Make,
    };

    public static Command Build()
    {
        string[] kinds = [.. Schemas.Keys];
        var kind = new Argument<string>("kind")
        {
            Description = $"Whose recipes: {string.Join(", ", kinds)}. Default merge.",
            HelpName = string.Join('|', kinds),
            DefaultValueFactory = _ => kinds[0],
        };
        kind.Validators.Add(result =>
        {
            if (result.Tokens is [var word] && !Schemas.ContainsKey(word.Value))
                result.AddError($"'{word.Value}' is not one of {string.Join(", ", kinds)}");
        });
        var command = new Command(
            "schema", "Print the language of recipes as a JSON Schema, by which editors complete and check them.") { kind };
        command.SetAction(parsed =>
        {
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer, JsonAnswer.Options with { Indented = true }))
                Schemas[parsed.GetValue(kind)!]().WriteTo(writer);
            Console.Out.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
            return 0;
        });
        return command;
    }
}
