using DemEngine.Evaluation.Language;
using DemEngine.Numerics;

namespace DemEngine.Cli.Tests;

/// <summary><c>dem train</c>, and evaluation with Torch.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string[] _files;

    public TrainCommandTests()
    {
        var config = new LlamaConfig
        {
            VocabularySize = ByteTokenizer.Instance.VocabularySize,
            HiddenSize = 8,
            IntermediateSize = 16,
            Layers = 1,
            AttentionHeads = 2,
            KeyValueHeads = 1,
            HeadSize = 4,
            MaxPositions = 32,
            TieEmbeddings = true,
        };
        File.WriteAllBytes(_folder.PathOf("config.json"), config.ToJson(ElementType.F32));
        File.WriteAllLines(_folder.PathOf("data.jsonl"), Enumerable.Range(0, 50).Select(i => $"{{\"prompt\": \"{i} + 1 =\", \"completion\": \" {i + 1}\"}}"));
        File.WriteAllLines(_folder.PathOf("valid.jsonl"), Enumerable.Range(20, 9).Select(i => $"{{\"prompt\": \"{i} + 2 =\", \"completion\": \" {i + 2}\"}}"));
        _files = ["--data", _folder.PathOf("data.jsonl"), "--valid", _folder.PathOf("valid.jsonl"), "--threads", "1"];
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Where_to_start_must_be_said_once()
    {
        Dem.Run(["train", "--out", _folder.PathOf("out"), .. _files]).ExpectError(ErrorCode.BadArgument, "--base");
        Dem.Run(["train", "--base", "a", "--config", "b", "--out", _folder.PathOf("out"), .. _files]).ExpectError(ErrorCode.BadArgument, "--base");
        Dem.Run(["train", "--from-scratch", "--out", _folder.PathOf("out"), .. _files]).ExpectError(ErrorCode.BadArgument, "--config");
        Dem.Run(["train", "--base", "a", "--device", "gpu", "--out", _folder.PathOf("out"), .. _files]).ExpectError(ErrorCode.BadArgument, "gpu");
        Dem.Run(["train", "--base", "a", "--dtype", "f16", "--out", _folder.PathOf("out"), .. _files]).ExpectError(ErrorCode.BadArgument, "bf16");
    }

    [Test, NeedsTorch]
    public void A_base_is_made_and_tuned_and_judged()
    {
        System.Text.Json.JsonElement report = Dem.Run([.. FromScratch("base", steps: 30), "--json"]).Expect(0).Json;
        Assert.That(report.GetProperty("steps").GetInt64(), Is.EqualTo(30));
        double best = report.GetProperty("best_loss").GetDouble();

        CommandResult tuned = Dem.Run([
            "train", "--base", _folder.PathOf("base"), .. _files, "--out", _folder.PathOf("tuned"), "--steps", "20", "--dtype", "bf16", "--lr", "1e-3",
            "--pack", "32", "--gradient-checkpointing", "--tensorboard", _folder.PathOf("board")]).Expect(0);
        Assert.That(Directory.GetFiles(_folder.PathOf("board"), "events.out.tfevents.*"), Has.Length.EqualTo(1));
        Assert.That(tuned.Output, Does.Contain("20 steps").And.Contain("training: 50 rows as completion").And.Match("training +[0-9.]+ [▁-█]+ [0-9.]+").And.Contain(_folder.PathOf("tuned")));

        string[] eval = ["eval", "--model", _folder.PathOf("base"), "--data", $"v={_folder.PathOf("valid.jsonl")}", "--json", "--threads", "1"];
        foreach (string evaluator in new[] { "embedded", "torch" })
        {
            double loss = Dem.Run([.. eval, "--evaluator", evaluator]).Expect(0).Json.GetProperty("data").GetProperty("v").GetProperty("loss").GetDouble();
            Assert.That(loss, Is.EqualTo(best).Within(1e-4), evaluator);
        }
    }

    [Test, NeedsTorch]
    public void Killed_it_goes_on_to_the_same_bytes()
    {
        Dem.Run(FromScratch("whole", steps: 300)).Expect(0);

        string state = Path.Combine(_folder.PathOf(".killed.dem-training"), "state.safetensors");
        int killed = 0;
        DateTime seen = default;
        for (; killed < 3; killed++)
        {
            using DemProcess process = DemProcess.Start(FromScratch("killed", steps: 300));
            if (!process.WaitUntil(() => File.Exists(state) && File.GetLastWriteTimeUtc(state) > seen))
            {
                process.Wait().Expect(0);
                break;
            }

            seen = File.GetLastWriteTimeUtc(state);
            process.Kill();
        }

        Assert.That(killed, Is.GreaterThan(0));
        if (!Directory.Exists(_folder.PathOf("killed")))
            Dem.Run(FromScratch("killed", steps: 300)).Expect(0);
        foreach (string file in Directory.GetFiles(_folder.PathOf("whole")))
            Assert.That(File.ReadAllBytes(Path.Combine(_folder.PathOf("killed"), Path.GetFileName(file))), Is.EqualTo(File.ReadAllBytes(file)), file);
    }

    private string[] FromScratch(string output, int steps) =>
    [
        "train", "--from-scratch", "--config", _folder.PathOf("config.json"), .. _files, "--out", _folder.PathOf(output),
        "--steps", $"{steps}", "--batch-size", "4", "--lr", "0.01", "--eval-every", "10", "--save-every", "7",
    ];
}
