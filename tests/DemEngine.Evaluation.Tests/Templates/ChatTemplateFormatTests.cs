using System.Text.Json;
using DemEngine.Evaluation.Chats;
using DemEngine.Evaluation.Templates;

namespace DemEngine.Evaluation.Tests.Templates;

/// <summary>Templates of the forms that prompts have, against what transformers made of them (expected.py).</summary>
public class ChatTemplateFormatTests
{
    private static readonly string Folder = Path.Combine(TestContext.CurrentContext.TestDirectory, "Templates");

    private static readonly JsonElement Source = Read("conversations.json");

    private static IEnumerable<string> Formats =>
        Directory.GetFiles(Path.Combine(Folder, "Formats"), "*.jinja").Select(file => Path.GetFileNameWithoutExtension(file)!).Order();

    [Test]
    public void There_are_more_than_ten_formats() => Assert.That(Formats.Count(), Is.GreaterThan(10));

    [TestCaseSource(nameof(Formats))]
    public void A_template_writes_what_it_writes_in_transformers(string format)
    {
        var template = new Template(File.ReadAllText(Path.Combine(Folder, "Formats", $"{format}.jinja")), format);
        JsonElement[] cases =
        [
            .. Read("expected.json").EnumerateArray().Where(one => one.GetProperty("template").GetString() == format),
        ];
        Assert.That(cases, Has.Length.EqualTo(12));
        foreach (JsonElement one in cases)
            Check(template, one);
    }

    private static void Check(Template template, JsonElement one)
    {
        string name = $"{one.GetProperty("conversation")}, prompt {one.GetProperty("prompt")}";
        if (one.TryGetProperty("error", out JsonElement error))
        {
            var refused = Assert.Throws<DemException>(() => Render(template, one), name)!;
            bool raises = error.GetString()!.StartsWith("TemplateError", StringComparison.Ordinal);
            Assert.That(refused.Code, Is.EqualTo(raises ? ErrorCode.ChatRefused : ErrorCode.BadChatTemplate), name);
            Assert.That(refused.Line, Is.GreaterThan(0), name);
            if (raises)
                Assert.That(refused.Message, Does.Contain(error.GetString()!["TemplateError: ".Length..]), name);
            return;
        }

        TemplateWriter written = Render(template, one);
        string text = written.ToString();
        Assert.That(text, Is.EqualTo(one.GetProperty("text").GetString()), name);
        Assert.That(
            written.Generated.Select(span => text[span.First..span.End]),
            Is.EqualTo(one.GetProperty("generated").EnumerateArray().Select(part => part.GetString())),
            name);
    }

    private static TemplateWriter Render(Template template, JsonElement one)
    {
        var values = new Dictionary<string, object?>
        {
            ["messages"] = JsonValue.Of(Source.GetProperty("conversations").GetProperty(one.GetProperty("conversation").GetString()!)),
            ["tools"] = null,
            ["documents"] = null,
            ["add_generation_prompt"] = one.GetProperty("prompt").GetBoolean(),
        };
        foreach (JsonProperty token in Source.GetProperty("tokens").EnumerateObject())
            values[token.Name] = token.Value.GetString();
        return template.Render(values);
    }

    private static JsonElement Read(string name) => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Path.Combine(Folder, name)));
}
