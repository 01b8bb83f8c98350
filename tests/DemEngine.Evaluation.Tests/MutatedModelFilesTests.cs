using System.Text;
using System.Text.Json;
using DemEngine.Evaluation.Chats;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Records;
using DemEngine.Evaluation.Templates;
using DemEngine.Evaluation.Tests.Tokenization;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Tests;
using DemEngine.Tests.Faults;

namespace DemEngine.Evaluation.Tests;

/// <summary>A damaged file of a model or of data gives a named error or what it says, and never anything else.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MutatedModelFilesTests
{
    private const string Config = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 300, "hidden_size": 48, "intermediate_size": 80,
         "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
         "rope_theta": 50000.0, "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": [2, 7], "rope_scaling": null, "hidden_act": "silu"}
        """;

    private const string Settings = """
        {"bos_token": "a", "eos_token": {"__type": "AddedToken", "content": "b"}, "add_bos_token": true, "model_max_length": 4096,
         "legacy": false, "clean_up_tokenization_spaces": false}
        """;

    private const string Jinja = """
        {%- macro said(text, n=2) %}{{ text[:n] | upper ~ text[::-1] }}{% endmacro -%}
        {% set ns = namespace(count=0) %}{{ bos_token }}
        {% for m in messages if m.role != 'x' %}{{ loop.index }}
        {%- set ns.count = ns.count + 1 -%}
        <|{{ m['role'] | trim }}|>{{ said(m.content, 3) }}{{ '%s' | default('a', true) }}{{ loop.last | string }}
        {% else %}none{% endfor %}
        {{ range(0, 10, 3) | list | sum }} {{ (2 ** 3 - 7 // 2) * 4 % 5 }} {{ -1 | abs }} {{ 1.25 | round(1) }} {{ [3, 1, 2] | sort | join(', ') }}
        {{ {'a': [1, none, true], 'b': 'é'} | tojson(indent=2) }} {{ 'a,b'.split(',')[0].replace('a', 'c', 1).strip() }} {{ 'x' * 3 }} {{ ns.count is odd }}
        {% if add_generation_prompt %}<|assistant|>{% elif false %}{{ raise_exception('no') }}{% endif %}
        """;

    private static readonly string[] Lines =
    [
        """{"text": "one \u00e9 é 😀"}""",
        """{"prompt": "1+1=", "completion": "2"}""",
        """{"prompt": "a", "choices": ["b", "c"], "answer": 1}""",
        """{"tokens": [1, 2, 3], "loss_from": 1}""",
    ];

    [Test]
    public void A_configuration() => Mutations.Run(1, Encoding.UTF8.GetBytes(Config), contents => LlamaConfig.Parse(contents, "config.json"));

    [Test]
    public void A_data_line([Range(0, 3)] int line)
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("data.jsonl");
        Mutations.Run(2 + line, Encoding.UTF8.GetBytes(Lines[line]), contents =>
        {
            File.WriteAllBytes(path, contents);
            DataSetReader.Read("data", path, ByteTokenizer.Instance, Models.Config(300));
        });
    }

    [Test]
    public void A_tokenizer([Values] bool fallsBack)
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("tokenizer.json");
        byte[] json = Encoding.UTF8.GetBytes((fallsBack ? Models.ByteFallback("ab") : Models.ByteLevel("h e", "l l", "he ll")).Text());
        Mutations.Run(10, json, contents =>
        {
            File.WriteAllBytes(path, contents);
            ITokenizer read = new CheckpointTokenizerReader().Read(path, Models.Config(1000));
            read.Decode(read.Encode("hello é 😀 \0 12").AsSpan());
        });
    }

    [Test]
    public void Settings_of_a_tokenizer()
    {
        using var folder = new TempFolder();
        string path = folder.Write("tokenizer.json", Models.ByteLevel("h e").Text());
        Mutations.Run(11, Encoding.UTF8.GetBytes(Settings), contents =>
        {
            File.WriteAllBytes(folder.PathOf("tokenizer_config.json"), contents);
            new CheckpointTokenizerReader().Read(path, Models.Config(1000));
        });
    }

    [Test]
    public void A_sentencepiece_model()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("tokenizer.model");
        byte[] file = SentencePieceFile.Make([.. SentencePieceFile.Start(), ("▁", -1, 1), ("a", -2, 1), ("▁a", -3, 1)]);
        Mutations.Run(12, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            new CheckpointTokenizerReader().Read(path, Models.Config(1000)).Encode("a b é");
        });
    }

    [Test]
    public void A_line_of_a_chat()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("data.jsonl");
        string template = folder.Write("chat.jinja", "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}");
        byte[] line = Encoding.UTF8.GetBytes("""{"messages": [{"role": "system", "content": "Be \u00e9."}, {"role": "user", "content": "1+1"}, {"role": "assistant", "content": "2"}], "tools": null}""");
        Mutations.Run(13, line, contents =>
        {
            File.WriteAllBytes(path, contents);
            DataSetReader.Read("data", path, new DataChoices { ChatTemplate = template }.For(folder.Path, ByteTokenizer.Instance, Models.Config(300)));
        });
    }

    [Test]
    public void A_template_of_chats()
    {
        var values = new Dictionary<string, object?>
        {
            ["messages"] = JsonValue.Of(JsonSerializer.Deserialize<JsonElement>("""[{"role": "user", "content": "a é"}]""")),
            ["add_generation_prompt"] = true,
            ["bos_token"] = "<s>",
        };
        Mutations.Run(14, Encoding.UTF8.GetBytes(Jinja), contents => new Template(Encoding.UTF8.GetString(contents), "t.jinja").Render(values));
    }

    [Test]
    public void An_array_of_rows()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("rows.json");
        Mutations.Run(15, File.ReadAllBytes(Path.Combine(TestContext.CurrentContext.TestDirectory, "Records", "rows.json")), contents =>
        {
            File.WriteAllBytes(path, contents);
            foreach (DataRow row in DataFiles.Read(path))
                Assert.That(row.Place, Is.Not.Empty);
        });
    }

    [TestCase("snappy.parquet")]
    [TestCase("zstd.parquet")]
    [TestCase("lz4.feather")]
    [TestCase("large.arrow")]
    [TestCase("stream.arrow")]
    public void A_file_of_columns(string name)
    {
        using var folder = new TempFolder();
        string path = folder.PathOf(name);
        Mutations.RunBinary(16, File.ReadAllBytes(Path.Combine(TestContext.CurrentContext.TestDirectory, "Records", name)), contents =>
        {
            File.WriteAllBytes(path, contents);
            foreach (DataRow row in DataFiles.Read(path))
                Assert.That(row.Place, Is.Not.Empty);
        });
    }

    [TestCase("""{"results": {"gsm8k": {"acc,none": 0.5, "acc_stderr,none": 0.01, "alias": "gsm8k"}, "mmlu": {"acc,none": 0.25}}, "higher_is_better": {"gsm8k": {"acc": true}}, "group_subtasks": {"all": ["mmlu", "gsm8k"]}}""", "")]
    [TestCase("""{"loss": 1.5, "sets": {"a": {"loss": NaN}}}""", "loss")]
    [TestCase("step 1 ESC[31mred\nloss = 1e-3\nacc: 0.5\n", "acc")]
    public void What_an_evaluation_printed(string printed, string asked)
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("results.json");

        // A test with an escape in its name would not be found by that name.
        byte[] file = Encoding.UTF8.GetBytes(printed.Replace("ESC", "\u001b", StringComparison.Ordinal));
        Mutations.Run(17, file, contents =>
        {
            File.WriteAllBytes(path, contents);
            CommandResults.Read(path, asked.Length > 0 ? [new Metric(asked, true)] : []);
        });
    }
}
