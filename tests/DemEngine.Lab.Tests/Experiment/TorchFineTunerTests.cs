using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Lab.Experiment.Sources;
using DemEngine.Numerics;

namespace DemEngine.Lab.Tests.Experiment;

public class TorchFineTunerTests
{
    private static readonly TuningSettings Settings = new(Steps: 20, BatchSize: 8, LearningRate: 1e-2, EvaluateEvery: 5, Patience: 4);

    [Test]
    public void A_base_is_made_and_tuned_and_made_again()
    {
        string folder = Directory.CreateTempSubdirectory("dem-tests-").FullName;
        try
        {
            string PathOf(string name) => Path.Combine(folder, name);
            File.WriteAllBytes(PathOf("config.json"), (ExperimentPreset.Tiny.Model with { HiddenSize = 16, HeadSize = 8 }).ToJson(ElementType.F32));
            Write(PathOf("train.jsonl"), Split.Train, 80);
            Write(PathOf("valid.jsonl"), Split.Validation, 10);
            var tuner = new TorchFineTuner("cpu");
            var request = new TuningRequest(null, PathOf("config.json"), PathOf("train.jsonl"), PathOf("valid.jsonl"), PathOf("base"), Settings, Seed: 3);
            var shares = new List<double>();
            TuningReport made = tuner.Tune(request, (share, _) => shares.Add(share), CancellationToken.None);
            TuningReport tuned = tuner.Tune(request with { Start = PathOf("base"), Output = PathOf("tuned") }, null, CancellationToken.None);
            byte[] first = File.ReadAllBytes(Path.Combine(PathOf("base"), Checkpoint.SingleFileName));
            TuningReport again = tuner.Tune(request, null, CancellationToken.None);
            Assert.Multiple(() =>
            {
                Assert.That(made.Steps, Is.EqualTo(20));
                Assert.That(made.TrainedTokens, Is.InRange(20 * 8 * 20, 20 * 8 * 30));
                Assert.That(made.BestLoss, Is.LessThan(Math.Log(259) - 0.5));
                Assert.That(tuned.BestLoss, Is.LessThan(made.BestLoss));
                Assert.That(shares, Is.Ordered);
                Assert.That(shares[^1], Is.EqualTo(1));
                Assert.That(again with { Seconds = made.Seconds }, Is.EqualTo(made));
                Assert.That(File.ReadAllBytes(Path.Combine(PathOf("base"), Checkpoint.SingleFileName)), Is.EqualTo(first));
                Assert.That(LlamaConfig.Read(PathOf("tuned")), Is.EqualTo(LlamaConfig.Read(PathOf("config.json"))));
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string path, Split split, int count) => File.WriteAllLines(
        path,
        Splits.Draw(Skill.Time.First, split, count, seed: 1).Select(exercise => $"{{\"prompt\": \"{exercise.Prompt}\", \"completion\": \"{exercise.Answer}\"}}"));
}
