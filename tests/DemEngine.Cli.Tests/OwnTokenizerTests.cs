using System.Text.Json.Nodes;

namespace DemEngine.Cli.Tests;

/// <summary>Text for a model with its own <c>tokenizer.json</c>.</summary>
[NonParallelizable]
public sealed class OwnTokenizerTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public OwnTokenizerTests()
    {
        Dem.Run("synth", "--shape", "tiny", "--seed", "1", "--out", _folder.PathOf("model"), "-q").Expect(0);

        // The ids of a to z are 0 to 25; ab is 26; 30 begins a text, 31 ends it.
        var vocabulary = new JsonObject();
        for (char letter = 'a'; letter <= 'z'; letter++)
            vocabulary.Add(letter.ToString(), letter - 'a');
        vocabulary.Add("ab", 26);
        var tokenizer = new JsonObject
        {
            ["added_tokens"] = JsonNode.Parse("""[{"id": 30, "content": "<begin>", "special": true}, {"id": 31, "content": "<end>", "special": true}]"""),
            ["pre_tokenizer"] = JsonNode.Parse("""{"type": "ByteLevel", "add_prefix_space": false}"""),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray("a b") },
        };
        File.WriteAllText(_folder.PathOf("model/tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllText(_folder.PathOf("model/tokenizer_config.json"), """{"add_bos_token": true, "bos_token": "<begin>", "eos_token": "<end>"}""");
        File.WriteAllText(_folder.PathOf("text.jsonl"), "{\"text\": \"abcab\"}\n{\"text\": \"bac<end>ab\"}\n");
        File.WriteAllText(_folder.PathOf("tokens.jsonl"), "{\"tokens\": [30, 26, 2, 26, 31]}\n{\"tokens\": [30, 1, 0, 2, 31, 26, 31]}\n");
        File.WriteAllText(_folder.PathOf("recipe.yaml"), $"merge_method: linear\nmodels:\n  - model: {_folder.PathOf("model")}\n    parameters: {{weight: 1}}\n");
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Token_ids_need_no_tokenizer() => Dem.Run(Eval("tokens")).Expect(0);

    [Test]
    public void Text_is_judged_as_the_ids_it_stands_for()
    {
        Assert.That(Loss("text"), Is.EqualTo(Loss("tokens")));
        double Loss(string set) => Dem.Run(Eval(set)).Expect(0).Json.GetProperty("data").GetProperty(set).GetProperty("loss").GetDouble();
    }

    [Test]
    public void A_search_judges_text_too()
    {
        Assert.That(Best("text"), Is.EqualTo(Best("tokens")));
        double Best(string set) => Dem.Run(Search(set)).Expect(0).Json.GetProperty("best").GetProperty("metrics").GetProperty("set").GetDouble();
    }

    [Test]
    public void What_cannot_be_encoded_is_named_with_its_line()
    {
        File.WriteAllText(_folder.PathOf("text.jsonl"), "{\"text\": \"abc\"}\n{\"text\": \"aB\"}\n");
        Dem.Run(Eval("text")).ExpectError(ErrorCode.NoTokenizer, "text.jsonl:2:");
        File.WriteAllText(_folder.PathOf("model/tokenizer.json"), "{}");
        Dem.Run(Eval("text")).ExpectError(ErrorCode.BadTokenizer, "text.jsonl:1:");
        Dem.Run(Eval("tokens")).Expect(0);
        File.WriteAllText(_folder.PathOf("model/tokenizer.json"), "{");
        Assert.That(Dem.Run(Eval("text")).Expect(2).Error, Does.Contain("error DEM2023: ").And.Contain("tokenizer.json: line 1, byte"));
    }

    [Test, NeedsTorch]
    public void A_model_is_tuned_on_text()
    {
        double Best(string set) => Dem.Run(Train(set)).Expect(0).Json.GetProperty("best_loss").GetDouble();
        Assert.That(Best("text"), Is.EqualTo(Best("tokens")).Within(1e-6));
    }

    private string[] Train(string set) =>
    [
        "train", "--base", _folder.PathOf("model"), "--data", _folder.PathOf($"{set}.jsonl"), "--valid", _folder.PathOf($"{set}.jsonl"),
        "--out", _folder.PathOf($"tuned-{set}"), "--steps", "2", "--threads", "1", "--json",
    ];

    private string[] Eval(string set) => ["eval", "--model", _folder.PathOf("model"), "--data", _folder.PathOf($"{set}.jsonl"), "--metric", "loss", "--json"];

    private string[] Search(string set) =>
    [
        "search", _folder.PathOf("recipe.yaml"), "--valid", $"set={_folder.PathOf($"{set}.jsonl")}", "--range", "0.5:1:0.5", "--trials", "2",
        "--out", _folder.PathOf($"search-{set}"), "--threads", "1", "--json",
    ];
}
