using System.Text;
using DemEngine.Evaluation.Language;
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
}
