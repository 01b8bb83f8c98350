using System.Text.Json.Nodes;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tests.Tokenization;
using DemEngine.Tests;

namespace DemEngine.Evaluation.Tests.Language;

public class ChatDataTests
{
    private const string OneTurn = """{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4."}""";

    private static readonly string[] Special =
    [
        "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|end|>", "<|user|>",
        "<|assistant|>", "<|system|>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<s>", "</s>",
    ];

    private static readonly string Formats = Path.Combine(TestContext.CurrentContext.TestDirectory, "Templates", "Formats");

    private static readonly ITokenizer Tokenizer = MakeTokenizer();

    [TestCase("between-marks", "4.<|im_end|>")]
    [TestCase("one-system", "\n4.</s>")]
    [TestCase("instructions", " 4. </s>")]
    [TestCase("headers", "4.<|eot_id|>")]
    [TestCase("renamed-roles", "4.<end_of_turn>")]
    [TestCase("spoken-roles", " 4.</s>")]
    [TestCase("thoughts", "<think>\n\n</think>\n\n4.<|end|>")]
    [TestCase("marked", "4.<|im_end|>")]
    public void Of_a_chat_what_the_assistant_says_is_predicted_with_the_end_of_its_turn(string format, string said)
    {
        DataSet set = Read($$"""{"messages": [{{OneTurn}}]}""", Path.Combine(Formats, $"{format}.jinja"));
        Assert.That(Said(set.Examples.Single()), Is.EqualTo(said));
        Assert.That(set.HasPrompts);
        Assert.That(set.Forms, Is.EqualTo(new[] { DataForm.Chat }));
        Assert.That(set.ChatTemplate, Does.EndWith($"{format}.jinja"));
    }

    [TestCase("between-marks", "4.<|im_end|> / Yes.<|im_end|>")]
    [TestCase("headers", "4.<|eot_id|> / Yes.<|eot_id|>")]
    [TestCase("instructions", " 4. </s> /  Yes. </s>")]
    [TestCase("renamed-roles", "4.<end_of_turn> / Yes.<end_of_turn>")]
    [TestCase("marked", "4.<|im_end|> / Yes.<|im_end|>")]
    public void Of_several_turns_all_are_predicted_and_nothing_between_them(string format, string said)
    {
        DataSet set = Read(
            $$"""{"messages": [{{OneTurn}}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."}]}""",
            Path.Combine(Formats, $"{format}.jinja"));
        Assert.That(Parts(set.Examples.Single()), Is.EqualTo(said.Split(" / ")));
        Assert.That(set.HasPrompts, Is.False);
    }

    [Test]
    public void Where_a_template_writes_earlier_turns_in_another_way_each_turn_is_an_example()
    {
        DataSet set = Read(
            $$"""{"messages": [{{OneTurn}}, {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."}]}""",
            Path.Combine(Formats, "thoughts.jinja"));
        Assert.That(
            set.Examples.Select(Said), Is.EqualTo(new[] { "<think>\n\n</think>\n\n4.<|end|>", "<think>\n\n</think>\n\nYes.<|end|>" }));
    }

    [Test]
    public void The_tokens_are_those_of_the_whole_text_and_nothing_is_added()
    {
        DataSet set = Read($$"""{"messages": [{{OneTurn}}]}""", "chatml");
        Assert.That(
            set.Examples.Single().Tokens,
            Is.EqualTo(Tokenizer.Encode("<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n4.<|im_end|>\n")));
    }

    [Test]
    public void ShareGpt_is_the_same_chat() => Same(
        """{"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4."}]}""",
        """{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4."}]}""");

    [Test]
    public void Conversations_of_roles_are_messages() =>
        Same($$"""{"conversations": [{{OneTurn}}]}""", $$"""{"messages": [{{OneTurn}}]}""");

    [Test]
    public void Alpaca_is_a_question_and_its_answer_by_the_models_template() => Same(
        """{"instruction": "Add.", "input": "2+2", "output": "4."}""",
        """{"messages": [{"role": "user", "content": "Add.\n\n2+2"}, {"role": "assistant", "content": "4."}]}""");

    [Test]
    public void A_prompt_and_a_completion_of_messages_predict_the_completion_alone()
    {
        DataSet set = Read(
            $$"""{"prompt": [{{OneTurn}}, {"role": "user", "content": "Sure?"}], "completion": [{"role": "assistant", "content": "Yes."}]}""",
            "chatml");
        Assert.That(Said(set.Examples.Single()), Is.EqualTo("Yes.<|im_end|>"));
    }

    [Test]
    public void A_message_of_weight_0_is_not_predicted()
    {
        DataSet set = Read(
            """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d", "weight": 1}]}""",
            "chatml");
        Assert.That(Said(set.Examples.Single()), Is.EqualTo("d<|im_end|>"));
    }

    [TestCase("[{\"name\": \"weather\"}]")]
    [TestCase("\"[{\\\"name\\\": \\\"weather\\\"}]\"")]
    public void Tools_come_to_the_template(string tools)
    {
        DataSet set = Read($$"""{"messages": [{{OneTurn}}], "tools": {{tools}}}""", Path.Combine(Formats, "called-tools.jinja"));
        Assert.That(Tokenizer.Decode(set.Examples.Single().Tokens.AsSpan()), Does.Contain("{\n  \"name\": \"weather\"\n}\n"));
    }

    [Test]
    public void Without_a_template_Alpaca_has_its_own_text()
    {
        DataSet set = Read("""{"instruction": "Add.", "input": "2+2", "output": "4."}""", null);
        string text = Tokenizer.Decode(set.Examples.Single().Tokens.AsSpan());
        Assert.That(text, Does.EndWith("### Instruction:\nAdd.\n\n### Input:\n2+2\n\n### Response:\n4."));
        Assert.That(Said(set.Examples.Single()), Is.EqualTo("4.</s>"));
    }

    [Test]
    public void The_models_own_template_is_found_in_its_folder()
    {
        using var folder = new TempFolder();
        string data = folder.Write("data.jsonl", $$"""{"messages": [{{OneTurn}}]}""");
        folder.Write("tokenizer_config.json", """
            {"eos_token": {"content": "</s>"}, "chat_template": [
                {"name": "tool_use", "template": "no"},
                {"name": "default", "template": "{% for m in messages %}{{ m.content + eos_token }}{% endfor %}"}]}
            """);
        Assert.That(Decoded(data, folder.Path), Is.EqualTo("2+2?4."));
        folder.Write("chat_template.jinja", "{% for m in messages %}[{{ m.content }}]{% endfor %}");
        Assert.That(Decoded(data, folder.Path), Is.EqualTo("[2+2?][4.]"));
    }

    [Test]
    public void A_row_of_several_forms_needs_one_to_be_named()
    {
        string row = $$"""{"messages": [{{OneTurn}}], "text": "abc"}""";
        var error = Assert.Throws<DemException>(() => Read(row, "chatml"))!;
        Assert.That(error.Message, Does.Contain("set.jsonl:1:").And.Contains("chat, text"));
        Assert.That(Said(Read(row, "chatml", DataForm.Chat).Examples.Single()), Is.EqualTo("4.<|im_end|>"));
        Assert.That(Said(Read(row, "chatml", DataForm.Text).Examples.Single()), Is.EqualTo("bc</s>"));
    }

    [Test]
    public void A_prompt_beside_messages_does_not_count() =>
        Assert.That(Read($$"""{"prompt": "2+2?", "messages": [{{OneTurn}}]}""", "chatml").Forms, Is.EqualTo(new[] { DataForm.Chat }));

    [Test]
    public void What_is_longer_than_asked_is_cut_and_left_out_where_nothing_of_it_is_predicted()
    {
        string rows = $$"""{"messages": [{{OneTurn}}]}""" + "\n" + """{"messages": [{"role": "user", "content": "a longer question, too long"}, {"role": "assistant", "content": "x"}]}""";
        using var folder = new TempFolder();
        DataSet set = DataSetReader.Read(
            "set", folder.Write("set.jsonl", rows), new DataChoices { ChatTemplate = "chatml", MaxLength = 23 }.For(folder.Path, Tokenizer, Config));
        Assert.That(set.Rows, Is.EqualTo(2));
        Assert.That(set.Examples.Select(one => one.Tokens.Length), Is.EqualTo(new[] { 23 }));
        Assert.That(Said(set.Examples.Single()), Is.EqualTo("4.<|im_end|>"[..^"<|im_end|>".Length]));
    }

    [TestCase("""{"messages": []}""", "DEM2112", "at least one message")]
    [TestCase("""{"messages": [{"role": "user"}, 5]}""", "DEM2112", "messages[1]: not an object")]
    [TestCase("""{"messages": [{"content": "x"}]}""", "DEM2112", "messages[0]: there is no text \"role\"")]
    [TestCase("""{"messages": [{"role": "user", "content": 5}]}""", "DEM2112", "\"content\" is neither")]
    [TestCase("""{"messages": [{"role": "user", "content": "x"}]}""", "DEM2084", "role assistant")]
    [TestCase("""{"conversations": [{"from": "martian", "value": "x"}]}""", "DEM2112", "\"martian\"; known are")]
    [TestCase("""{"instruction": 5, "output": "x"}""", "DEM2112", "no text \"instruction\"")]
    [TestCase("""{"messages": [{"role": "user", "content": "x"}, {"role": "assistant"}]}""", "DEM2080", "chatml:2: '+' cannot be used")]
    public void What_is_wrong_with_a_chat_is_named_with_its_row(string row, string code, string what)
    {
        var error = Assert.Throws<DemException>(() => Read($"\n{row}", "chatml"))!;
        Assert.That(error.Code.ToString(), Is.EqualTo(code));
        Assert.That(error.Message, Does.Contain("set.jsonl:2: ").And.Contains(what));
    }

    [Test]
    public void A_chat_that_the_template_refuses_is_named_with_the_templates_words()
    {
        var error = Assert.Throws<DemException>(() => Read(
            """{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}, {"role": "assistant", "content": "z"}]}""",
            Path.Combine(Formats, "instructions.jinja")))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.ChatRefused));
        Assert.That(error.Message, Does.Contain("set.jsonl:1: ").And.Contains("turn 2 is of the user"));
    }

    [Test]
    public void A_chat_for_a_model_without_a_template_is_refused()
    {
        var error = Assert.Throws<DemException>(() => Read($$"""{"messages": [{{OneTurn}}]}""", null))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.NoChatTemplate));
    }

    private static LlamaConfig Config { get; } = Models.Config(400) with { MaxPositions = 2000 };

    private static ITokenizer MakeTokenizer()
    {
        JsonObject json = Models.ByteLevel("i n", "u s", "us e");
        int first = 259;
        foreach (string token in Special)
        {
            json["added_tokens"]!.AsArray().Add(new JsonObject
            {
                ["id"] = first++,
                ["content"] = token,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            });
        }

        return Models.Read(json.ToJsonString(), """{"eos_token": "</s>"}""", 400);
    }

    private static DataSet Read(string rows, string? template, DataForm? form = null)
    {
        using var folder = new TempFolder();
        folder.Write("tokenizer_config.json", """{"bos_token": "<s>", "eos_token": "</s>"}""");
        return DataSetReader.Read(
            "set",
            folder.Write("set.jsonl", rows),
            new DataChoices { ChatTemplate = template, Form = form }.For(folder.Path, Tokenizer, Config));
    }

    private static string Decoded(string data, string folder) => Tokenizer.Decode(
        DataSetReader.Read("set", data, DataChoices.None.For(folder, Tokenizer, Config)).Examples.Single().Tokens.AsSpan());

    private static void Same(string row, string other)
    {
        Example one = Read(row, "chatml").Examples.Single(), two = Read(other, "chatml").Examples.Single();
        Assert.That(one.Tokens, Is.EqualTo(two.Tokens));
        Assert.That(one.TargetPositions, Is.EqualTo(two.TargetPositions));
    }

    private static string Said(Example example) => string.Concat(Parts(example));

    // Runs of predicted tokens as text, with special tokens as their names, which decoding leaves out.
    private static List<string> Parts(Example example)
    {
        var parts = new List<string>();
        int last = -2;
        foreach (int target in example.TargetPositions)
        {
            if (target != last + 1)
                parts.Add("");
            int id = example.Tokens[target];
            parts[^1] += id >= 259 ? Special[id - 259] : Tokenizer.Decode([id]);
            last = target;
        }

        return parts;
    }
}
