using System.Text.Json.Nodes;
using DemEngine.Merging.Output;

namespace DemEngine.Tests.Merging;

/// <summary>The chat template that a recipe sets in the output's files.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ChatTemplateTests
{
    private const string One = "{{ messages[0]['content'] }} <one>";
    private const string Two = "{% for message in messages %}{{ message['content'] }}{% endfor %} two";

    private LayeredModels _models = null!;

    [SetUp]
    public void WriteModels()
    {
        _models = new LayeredModels().Add("a", 1, 1).Add("b", 1, 2).Add("c", 1, 3);
        Write("a", "tokenizer_config.json", new JsonObject { ["bos_token"] = "<s>", ["chat_template"] = One });
        Write("b", "tokenizer_config.json", new JsonObject
        {
            ["chat_template"] = new JsonArray(
                new JsonObject { ["name"] = "tool_use", ["template"] = One },
                new JsonObject { ["name"] = "default", ["template"] = Two + "\n" }),
        });
        _models.Folder.File("c", "chat_template.jinja", "  " + Two);
    }

    [TearDown]
    public void DeleteModels() => _models.Dispose();

    [TestCase("alpaca", "### Instruction:\\n", "### Response:\\n")]
    [TestCase("chatml", "<|im_start|>", "<|im_end|>\\n")]
    [TestCase("exaone", "[|assistant|]", "[|endofturn|]\\n")]
    [TestCase("llama3", "<|start_header_id|>", "<|eot_id|>")]
    [TestCase("mistral", "'[INST] '", "' [/INST]'")]
    public void A_template_may_be_named(string name, params string[] parts)
    {
        Merge($"chat_template: {name}");
        string template = OfSettings();
        foreach (string part in parts)
            Assert.That(template, Does.Contain(part));
        Assert.That(template, Does.Not.Contain("\r").And.StartWith("{").And.EndWith("}"));
        Assert.That((string?)Settings()["bos_token"], Is.EqualTo("<s>"));
        Assert.That(File.Exists(_models.Folder.PathOf("out/chat_template.jinja")), Is.False);
    }

    [Test]
    public void A_template_may_be_written_out()
    {
        RunReport report = Merge("chat_template: |\n  {% for m in messages %}\n  <{{ m['role'] }}> {{ m['content'] }}\n  {% endfor %}");
        Assert.That(OfSettings(), Is.EqualTo("{% for m in messages %}\n<{{ m['role'] }}> {{ m['content'] }}\n{% endfor %}"));
        Assert.That(report.Remarks, Is.Empty);
    }

    [Test]
    public void Auto_takes_the_commonest_whatever_file_it_is_in()
    {
        RunReport report = Merge("chat_template: auto");
        Assert.That(OfSettings(), Is.EqualTo(Two));
        Assert.That(report.Remarks, Has.One.EqualTo("chat_template: auto takes that of \"b\", which 2 of 3 models have"));
    }

    [Test]
    public void Auto_takes_the_first_of_several_that_are_as_common()
    {
        File.Delete(_models.Folder.PathOf("c/chat_template.jinja"));
        RunReport report = Merge("chat_template: auto");
        Assert.That(OfSettings(), Is.EqualTo(One));
        Assert.That(report.Remarks, Has.One.Contains("that of \"a\", which 1 of 3"));
    }

    [Test]
    public void Auto_without_any_changes_nothing_and_says_so()
    {
        foreach (string file in new[] { "a/tokenizer_config.json", "b/tokenizer_config.json", "c/chat_template.jinja" })
            File.Delete(_models.Folder.PathOf(file));
        RunReport report = Merge("chat_template: auto");
        Assert.That(report.Remarks, Has.One.Contains("no model has a chat template"));
        Assert.That(File.Exists(_models.Folder.PathOf("out/chat_template.jinja")), Is.False);
    }

    [Test]
    public void A_template_in_a_file_of_its_own_is_replaced_there()
    {
        _models.Folder.File("a", "chat_template.jinja", One).File("a", "chat_template.json", """{"chat_template": "old"}""");
        Merge("chat_template: chatml");
        string jinja = File.ReadAllText(_models.Folder.PathOf("out/chat_template.jinja"));
        Assert.That(jinja, Does.Contain("<|im_start|>").And.EqualTo(OfSettings()));
        Assert.That((string?)Json("out/chat_template.json")["chat_template"], Is.EqualTo(jinja));
    }

    [Test]
    public void A_model_without_settings_gets_a_file_of_its_own()
    {
        File.Delete(_models.Folder.PathOf("a/tokenizer_config.json"));
        Merge("chat_template: chatml");
        Assert.That(File.ReadAllText(_models.Folder.PathOf("out/chat_template.jinja")), Does.Contain("<|im_start|>"));
        Assert.That(File.Exists(_models.Folder.PathOf("out/tokenizer_config.json")), Is.False);
    }

    [TestCase("chat-ml", "did you mean \"chatml\"?")]
    [TestCase("just words", "expected auto, alpaca, chatml, exaone, llama3, mistral, or a text in Jinja")]
    public void What_is_no_template_is_refused(string template, string message)
    {
        DemException error = Assert.Throws<DemException>(() => Merge("chat_template: " + template))!;
        Assert.That(error.Code, Is.SameAs(ErrorCode.WrongValue));
        Assert.That(error.Message, Does.Contain(message).And.StartWith("r.yaml:4: chat_template: "));
    }

    private RunReport Merge(string lines) => _models.Folder.Merge(
        "merge_method: linear\nmodels: [{model: a}, {model: b}, {model: c}]\nparameters: {weight: 1}\n" + lines);

    private void Write(string model, string file, JsonObject json) => _models.Folder.File(model, file, json.ToJsonString());

    private JsonNode Json(string file) => JsonNode.Parse(File.ReadAllBytes(_models.Folder.PathOf(file)))!;

    private JsonNode Settings() => Json("out/tokenizer_config.json");

    private string OfSettings() => (string)Settings()["chat_template"]!;
}
