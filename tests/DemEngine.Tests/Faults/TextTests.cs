using System.Text;
using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;
using DemEngine.Tests.Vocabularies;
using DemEngine.Vocabularies;

namespace DemEngine.Tests.Faults;

/// <summary>Text that is no Unicode is refused where it lies, and text that a terminal would obey is shown and not sent.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class TextTests
{
    private static readonly byte[][] Spoilt =
    [
        [0xFF],
        [0xC3, 0x28],
        [0xED, 0xA0, 0x80],
        "\\ud800"u8.ToArray(),
        "\\udc00x"u8.ToArray(),
    ];

    [TestCase("{\n  \"*\": 1}", 2, 3)]
    [TestCase("{\n  \"a\": \"*\"}", 2, 8)]
    [TestCase("[1,\n[\"x\",{\"y\":\n\"*\"}]]", 3, 1)]
    public void The_place_of_what_is_no_text_is_named(string json, int line, int column)
    {
        foreach (byte[] text in Spoilt)
        {
            JsonException error = Assert.Throws<JsonException>(() => StrictJson.CheckText(With(json, text)))!;
            Assert.That(JsonFault.Describe(error), Does.StartWith($"line {line}, byte {column}: "));
        }

        foreach (string text in new[] { "é", "😀", "\\ud83d\\ude00", "\\u0000" })
            Assert.DoesNotThrow(() => StrictJson.CheckText(With(json, Encoding.UTF8.GetBytes(text))));
    }

    [TestCase("config.json", "{\"architectures\": [\"*\"], \"torch_dtype\": \"float16\"}")]
    [TestCase("config.json", "{\"*\": 1, \"torch_dtype\": \"float16\"}")]
    [TestCase("config.json", "{\"torch_dtype\": \"*\"}")]
    [TestCase("config.json", "{\"text_config\": {\"dtype\": \"float16\", \"x\": [\"*\"]}}")]
    [TestCase("tokenizer.json", "{\"model\": {\"type\": \"*\", \"vocab\": {}, \"merges\": []}}")]
    [TestCase("tokenizer.json", "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"*\": 0}, \"merges\": []}}")]
    [TestCase("tokenizer.json", "{\"*\": {\"type\": \"BPE\", \"vocab\": {}, \"merges\": []}}")]
    public void A_models_own_file_is_named(string file, string contents)
    {
        using var folder = new ModelFolder();
        foreach (string model in new[] { "base", "a" })
        {
            folder.Model(model, Values.Random("model.embed_tokens.weight", ElementType.BF16, [3, 2], 1))
                .File(model, "config.json", "{\"torch_dtype\": \"float16\", \"vocab_size\": 3}")
                .File(model, "tokenizer.json", TokenizerTexts.Bpe(model == "a" ? ["a", "b", "<s>"] : ["<s>", "a", "b"]));
        }

        foreach (byte[] text in Spoilt)
        {
            File.WriteAllBytes(folder.PathOf($"base/{file}"), With(contents, text));
            DemException error = Assert.Throws<DemException>(
                () => folder.Plan("merge_method: linear\nmodels: [{model: base, parameters: {weight: 1}}, {model: a, parameters: {weight: 1}}]\nbase_model: base\ntokenizer_source: union").Dispose())!;
            Assert.That(error.Code, Is.SameAs(ErrorCode.BadSideFile), error.Message);
            Assert.That(error.Message, Does.Contain(file).And.Contain("line 1, byte"));
        }
    }

    [TestCase("{\"bos_token\": \"*\"}")]
    [TestCase("{\"added_tokens_decoder\": {\"*\": {}}}")]
    public void Settings_of_a_tokenizer_are_named(string contents)
    {
        foreach (byte[] text in Spoilt)
        {
            var files = new Dictionary<string, byte[]> { ["tokenizer_config.json"] = With(contents, text) };
            DemException error = Failing.With(
                ErrorCode.BadSideFile, () => TokenizerSettings.Parse(files, "tokenizer_config.json", "base"));
            Assert.That(error.Message, Does.Contain("tokenizer_config.json").And.Contain("line 1, byte"));
        }
    }

    [Test]
    public void A_manifest_is_named()
    {
        using var folder = new TempFolder();
        foreach (byte[] text in Spoilt)
        {
            File.WriteAllBytes(folder.PathOf(Manifest.FileName), With("{\"engine\": \"*\"}", text));
            DemException error = Failing.With(ErrorCode.BadManifest, () => Manifest.Read(folder.Path));
            Assert.That(error.Message, Does.Contain("line 1, byte 12"));
        }
    }

    [Test]
    public void What_a_terminal_obeys_is_shown()
    {
        Assert.That(Quoted.Plain("a\u001b[31m\u202e\u2028\ud800😀é"), Is.EqualTo("a\\u001b[31m\\u202e\\u2028\\ud800😀é"));
        Assert.That(Quoted.Plain("abcdef", 3), Is.EqualTo("abc…"));
        Assert.That(Quoted.Plain("ab😀", 3), Is.EqualTo("ab\\ud83d…"));
    }

    [Test]
    public void A_message_is_no_longer_than_a_few_screens()
    {
        string text = new DemException(ErrorCode.BadSideFile, new string('x', 1_000_000)).Message;
        Assert.That(text, Has.Length.LessThan(20_000).And.EndsWith("…"));
        Assert.That(new DemException(ErrorCode.BadSideFile, new string('x', 9_000)).Message, Has.Length.EqualTo(9_000));
    }

    private static byte[] With(string json, byte[] text)
    {
        int at = json.IndexOf('*', StringComparison.Ordinal);
        return [.. Encoding.UTF8.GetBytes(json[..at]), .. text, .. Encoding.UTF8.GetBytes(json[(at + 1)..])];
    }
}
