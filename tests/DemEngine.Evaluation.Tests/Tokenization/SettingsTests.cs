using System.Text.Json.Nodes;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Tests.Tokenization;

/// <summary>What begins and ends a text.</summary>
public sealed class SettingsTests
{
    private const string Added = """[{"id": 300, "content": "<begin>", "special": true}, {"id": 301, "content": "<end>", "special": true}]""";
    private const string Begin = """{"SpecialToken": {"id": "<begin>", "type_id": 0}}""";
    private const string Text = """{"Sequence": {"id": "A", "type_id": 0}}""";
    private const string End = """{"SpecialToken": {"id": "<end>", "type_id": 0}}""";

    [Test]
    public void Without_a_word_of_it_no_token_begins_a_text_and_the_configuration_says_what_ends_it()
    {
        ITokenizer tokenizer = Models.Read(Models.ByteLevel().Text());
        Assert.That((tokenizer.BeginOfText, tokenizer.EndOfText), Is.EqualTo(((int?)null, 7)));
    }

    [Test]
    public void The_template_says_what_begins_a_text()
    {
        Assert.That(Models.Read(Json(Template(Begin, Text))).BeginOfText, Is.EqualTo(300));
        Assert.That(Models.Read(Json(Template(Text))).BeginOfText, Is.Null);
        Assert.That(Models.Read(Json($$"""{"type": "Sequence", "processors": [{"type": "ByteLevel", "trim_offsets": false}, {{Template(Begin, Text)}}]}""")).BeginOfText, Is.EqualTo(300));
    }

    [TestCase("""{"add_bos_token": false}""", null)]
    [TestCase("""{"add_bos_token": true, "bos_token": "<end>"}""", 301)]
    [TestCase("""{"add_bos_token": null, "bos_token": "<end>"}""", 300)]
    [TestCase("""{"bos_token": {"content": "<end>", "lstrip": false}}""", 300)]
    public void The_settings_have_the_last_word(string settings, int? begin) =>
        Assert.That(Models.Read(Json(Template(Begin, Text)), settings).BeginOfText, Is.EqualTo(begin));

    [TestCase("""{"eos_token": "<end>"}""")]
    [TestCase("""{"eos_token": {"content": "<end>", "special": true}}""")]
    public void The_settings_say_what_ends_a_text_and_the_template_may_too(string settings)
    {
        Assert.That(Models.Read(Json(Template(Begin, Text, End)), settings).EndOfText, Is.EqualTo(301));
        Assert.That(Models.Refused(Json(Template(Begin, Text, End))).Code, Is.EqualTo(ErrorCode.NoTokenizer));
    }

    [TestCase("""{"add_bos_token": true}""", "no bos_token")]
    [TestCase("""{"add_bos_token": 1}""", "add_bos_token")]
    [TestCase("""{"eos_token": "<ende>"}""", "<ende>")]
    [TestCase("""{"eos_token": 1}""", "eos_token")]
    [TestCase("""{"eos_token": """, "tokenizer_config.json")]
    [TestCase("[]", "tokenizer_config.json")]
    public void Settings_that_do_not_fit_are_refused(string settings, string named)
    {
        DemException e = Models.Refused(Json(Template(Begin, Text)), settings);
        Assert.That(e.Code, Is.EqualTo(ErrorCode.BadTokenizer));
        Assert.That(e.Message, Does.Contain(named));
    }

    [Test]
    public void The_settings_may_add_tokens()
    {
        const string settings = """{"added_tokens_decoder": {"300": {"content": "<begin>", "special": true}, "302": {"content": "<more>", "special": true}}}""";
        Assert.That(Models.Read(Json(Template(Text)), settings).Encode("a<more><begin>"), Is.EqualTo([97, 302, 300]));
    }

    [Test]
    public void A_begin_without_a_row_is_refused()
    {
        DemException e = Models.Refused(Json(Template(Begin, Text)), vocabulary: 256);
        Assert.That((e.Code, e.Message.Contains("300")), Is.EqualTo((ErrorCode.BadTokenizer, true)));
    }

    private static string Json(string processor) => Models.ByteLevel().With("added_tokens", Added).With("post_processor", processor).Text();

    private static string Template(params string[] steps) => new JsonObject
    {
        ["type"] = "TemplateProcessing",
        ["single"] = new JsonArray([.. steps.Select(step => JsonNode.Parse(step))]),
        ["special_tokens"] = JsonNode.Parse("""{"<begin>": {"id": "<begin>", "ids": [300]}, "<end>": {"id": "<end>", "ids": [301]}}"""),
    }.ToJsonString();
}
