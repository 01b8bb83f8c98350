using DemEngine.Evaluation.Language;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests.Language;

public class DataSetReaderTests
{
    private const int Begin = 256;
    private const int End = 257;

    private static readonly LlamaConfig Config = new()
    {
        VocabularySize = 259,
        HiddenSize = 8,
        IntermediateSize = 16,
        Layers = 1,
        AttentionHeads = 2,
        KeyValueHeads = 2,
        HeadSize = 4,
        MaxPositions = 8,
    };

    [Test]
    public void Text_is_bytes_between_begin_and_end()
    {
        DataSet set = Read("""{"text": "Aé"}""");
        Assert.That(set.Examples.Single().Tokens, Is.EqualTo(new[] { Begin, 65, 0xC3, 0xA9, End }));
        Assert.That(set.Examples.Single().FirstTarget, Is.EqualTo(1));
        Assert.That(set.HasPrompts, Is.False);
    }

    [Test]
    public void Every_token_of_a_long_text_is_predicted_once()
    {
        DataSet set = Read("""{"text": "abcdefghijklmnopqr"}""");
        Assert.That(set.Examples, Has.Length.EqualTo(3));
        Assert.That(set.Examples.Select(example => example.Tokens.Length), Has.All.LessThanOrEqualTo(Config.MaxPositions));
        Assert.That(
            set.Examples.SelectMany(example => example.Tokens[example.FirstTarget..]),
            Is.EqualTo("abcdefghijklmnopqr".Select(c => (int)c).Append(End)));
    }

    [Test]
    public void Of_a_completion_only_the_completion_is_predicted()
    {
        DataSet set = Read("""{"prompt": "1+2=", "completion": "3", "source": "sums"}""");
        Assert.That(set.Examples.Single().Tokens, Is.EqualTo(new[] { Begin, '1', '+', '2', '=', '3', End }));
        Assert.That(set.Examples.Single().FirstTarget, Is.EqualTo(5));
        Assert.That(set.Targets, Is.EqualTo(2));
        Assert.That(set.HasPrompts);
    }

    [Test]
    public void A_question_is_its_choices_and_the_right_completion()
    {
        DataSet set = Read("""{"prompt": "x", "choices": ["a", "bc"], "answer": 1}""");
        Question question = set.Questions.Single();
        Assert.That(question.Answer, Is.EqualTo(1));
        Assert.That(question.Choices[0].Tokens, Is.EqualTo(new[] { Begin, 'x', 'a' }));
        Assert.That(question.Choices[1].Tokens, Is.EqualTo(new[] { Begin, 'x', 'b', 'c' }));
        Assert.That(question.Choices.Select(choice => choice.FirstTarget), Has.All.EqualTo(2));
        Assert.That(set.Examples.Single().Tokens, Is.EqualTo(new[] { Begin, 'x', 'b', 'c', End }));
    }

    [Test]
    public void Ids_are_taken_as_they_are()
    {
        DataSet set = Read("{\"tokens\": [3, 1, 4]}\n{\"tokens\": [3, 1, 4], \"loss_from\": 2}");
        Assert.That(set.Examples.Select(example => (example.Tokens.Length, example.FirstTarget)), Is.EqualTo(new[] { (3, 1), (3, 2) }));
    }

    [Test]
    public void Line_ends_blank_lines_and_a_byte_order_mark_do_not_matter() =>
        Assert.That(Read("\uFEFF{\"text\": \"a\"}\r\n\r\n  \n{\"text\": \"b\"}").Examples, Has.Length.EqualTo(2));

    [Test]
    public void A_line_longer_than_the_buffer_is_read()
    {
        string text = new('z', 200_000);
        DataSet set = Read($"{{\"text\": \"a\"}}\n{{\"text\": \"{text}\"}}\n{{\"text\": \"b\"}}");
        Assert.That(set.Targets, Is.EqualTo(2 + 200_001 + 2));
    }

    [TestCase("[1]", "JSON object")]
    [TestCase("{\"text\": \"a\"", "not valid JSON")]
    [TestCase("{\"text\": 1}", "\"text\" is not a string")]
    [TestCase("{\"text\": \"\\ud800\"}", "not valid JSON")]
    [TestCase("{\"text\": \"a\", \"tokens\": [1]}", "several forms: text, tokens")]
    [TestCase("{\"prompt\": \"b\"}", "\"prompt\" and \"completion\", or \"text\"")]
    [TestCase("{\"text\": \"a\", \"text\": \"b\"}", "not valid JSON")]
    [TestCase("{\"prompt\": \"b\", \"choices\": [\"x\"], \"answer\": 0}", "at least two")]
    [TestCase("{\"prompt\": \"b\", \"choices\": [\"x\", \"\"], \"answer\": 0}", "empty")]
    [TestCase("{\"prompt\": \"b\", \"choices\": [\"x\", \"y\"], \"answer\": 2}", "0 to 1")]
    [TestCase("{\"prompt\": \"b\", \"choices\": [\"x\", \"y\"]}", "answer")]
    [TestCase("{\"tokens\": [1]}", "fewer than two")]
    [TestCase("{\"tokens\": [1, 2.5]}", "whole numbers")]
    [TestCase("{\"tokens\": [1, 2], \"loss_from\": 2}", "loss_from")]
    public void A_malformed_line_is_named_with_its_number(string line, string named) =>
        Refuses($"{{\"text\": \"good\"}}\n\n{line}\n", ErrorCode.BadDataLine, "set.jsonl:3:", named);

    [Test]
    public void Questions_and_plain_lines_do_not_mix() => Refuses(
        "{\"prompt\": \"b\", \"choices\": [\"x\", \"y\"], \"answer\": 0}\n{\"text\": \"a\"}", ErrorCode.BadDataLine, "set.jsonl:2:", "questions");

    [Test]
    public void Too_long_a_prompt_is_named() =>
        Refuses("{\"prompt\": \"abcdef\", \"completion\": \"g\"}", ErrorCode.ExampleTooLong, "set.jsonl:1:", "9 tokens");

    [TestCase("{\"tokens\": [1, 259]}")]
    [TestCase("{\"tokens\": [1, -1]}")]
    public void An_id_outside_the_vocabulary_is_named(string line) => Refuses(line, ErrorCode.TokenOutOfRange, "set.jsonl:1:", "vocabulary");

    [TestCase("")]
    [TestCase("\n \n")]
    public void An_empty_set_is_named(string contents) => Refuses(contents, ErrorCode.EmptyDataSet, "set.jsonl", "no example");

    [Test]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<DemException>(() => DataSetReader.Read("set", "/nowhere/set.jsonl", ByteTokenizer.Instance, Config))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.DataNotFound));
        Assert.That(error.Message, Does.Contain("/nowhere/set.jsonl"));
    }

    [Test]
    public void A_tokenizer_that_cannot_be_read_refuses_text_but_not_ids()
    {
        using var folder = new TempFolder();
        folder.Write("tokenizer.json", "{}");
        ITokenizer tokenizer = Tokenizers.Of(folder.Path, Config, null);
        string ids = folder.Write("ids.jsonl", "{\"tokens\": [1, 2]}");
        string text = folder.Write("text.jsonl", "{\"text\": \"a\"}");
        Assert.That(DataSetReader.Read("set", ids, tokenizer, Config).Examples, Has.Length.EqualTo(1));
        var error = Assert.Throws<DemException>(() => DataSetReader.Read("set", text, tokenizer, Config))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.NoTokenizer));
        Assert.That(error.Message, Does.Contain("text.jsonl:1:").And.Contains("tokenizer.json"));
    }

    [Test]
    public void Bytes_come_back_as_text()
    {
        using var folder = new TempFolder();
        ITokenizer tokenizer = Tokenizers.Of(folder.Path, Config, null);
        Assert.That(tokenizer.Decode([256, .. tokenizer.Encode("naïve – 漢字"), 257, 258]), Is.EqualTo("naïve – 漢字"));
    }

    private static DataSet Read(string contents)
    {
        using var folder = new TempFolder();
        return DataSetReader.Read("set", folder.Write("set.jsonl", contents), ByteTokenizer.Instance, Config);
    }

    private static void Refuses(string contents, ErrorCode code, string place, string named)
    {
        var error = Assert.Throws<DemException>(() => Read(contents))!;
        Assert.That(error.Code, Is.EqualTo(code));
        Assert.That(error.Message, Does.Contain(place).And.Contains(named));
        Assert.That(Path.GetFileName(error.Path), Is.EqualTo("set.jsonl"));
        Assert.That(error.Line is { } line ? $"set.jsonl:{line}:" : "set.jsonl", Is.EqualTo(place));
    }
}
