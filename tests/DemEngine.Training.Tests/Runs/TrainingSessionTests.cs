using DemEngine.Evaluation.Language;
using DemEngine.Numerics;
using DemEngine.Training.Models;
using DemEngine.Training.Reports;
using DemEngine.Training.Runs;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Tests.Runs;

public class TrainingSessionTests
{
    private static readonly LlamaConfig Config = TinyModels.Grouped;

    internal static readonly TrainingOptions Options = new()
    {
        Steps = 12,
        BatchSize = 6,
        LearningRate = 0.02,
        WarmupSteps = 2,
        EvaluateEvery = 4,
        Seed = 9,
        Threads = 1,
    };

    private static readonly DataSet Data = new("training", [.. TinyModels.Examples(Config, 20)]);
    private static readonly DataSet Validation = new("validation", [.. TinyModels.Examples(Config, 8, seed: 3)]);

    [Test]
    public void The_loss_falls_and_is_the_plain_definitions()
    {
        using TorchModel start = TinyModels.Model(Config);
        using var session = new TrainingSession(start, Data, Data, Options with { Steps = 60, EvaluateEvery = 60 });
        double before = Run(session)[0].Validation!.Value;

        double expected = Data.Examples.Sum(TinyModels.Reference(Config, TinyModels.Numbers(start.Weights)).Loss) / Data.Targets;
        Assert.That(before, Is.EqualTo(expected).Within(1e-5));
        double after = Data.Examples.Sum(TinyModels.Reference(Config, TinyModels.Numbers(session.Best.Weights)).Loss) / Data.Targets;
        Assert.That(session.State.BestLoss, Is.EqualTo(after).Within(1e-5).And.LessThan(0.8 * before));
        Assert.That(session.State.BestStep, Is.EqualTo(60));
    }

    [Test]
    public void Packing_and_computing_again_change_no_step()
    {
        using TorchModel start = TinyModels.Model(Config);
        float[] Trained(TrainingOptions options)
        {
            using var session = new TrainingSession(start, Data, Validation, options);
            Run(session);
            return TinyModels.Numbers(session.Vectors.Weights);
        }

        float[] plain = Trained(Options);
        Assert.That(Trained(Options with { Recomputes = true }), Is.EqualTo(plain));
        float[] packed = Trained(Options with { PackLength = 24 });
        Assert.That(packed.Zip(plain, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(2e-3).And.GreaterThan(0));
    }

    [Test]
    public void The_first_step_is_one_of_the_optimiser_along_the_clipped_slope()
    {
        // The slope by central differences of the plain definition, over the first batch, whatever its order.
        TrainingOptions options = Options with { BatchSize = 20, ClipNorm = 0.01, AdamW = new AdamWOptions(Epsilon: 1e-2) };
        using TorchModel start = TinyModels.Model(Config);
        float[] weights = TinyModels.Numbers(start.Weights);
        using var session = new TrainingSession(start, Data, Validation, options);
        session.Advance();
        TrainingStep step = session.Advance();
        float[] moved = TinyModels.Numbers(session.Vectors.Weights);
        float[] moment = TinyModels.Numbers(session.Vectors.FirstMoment);

        Assert.That(step.GradientNorm, Is.GreaterThan(0.1), "it is clipped");
        double norm = Math.Sqrt(moment.Sum(m => (double)m * m)) / (1 - options.AdamW.Beta1);
        Assert.That(norm, Is.EqualTo(0.01).Within(1e-6));
        Assert.That(step.Loss, Is.EqualTo(Data.Examples.Sum(TinyModels.Reference(Config, weights).Loss) / Data.Targets).Within(1e-5));
        Assert.That(step.LearningRate, Is.EqualTo(0.01), "half of warm-up");
        for (int i = 0; i < weights.Length; i++)
        {
            double gradient = moment[i] / 0.1;
            double decay = i < start.Layout.MatrixLength ? 0.01 * options.AdamW.WeightDecay * weights[i] : 0;
            double expected = weights[i] - decay - (0.01 * gradient / (Math.Abs(gradient) + 1e-2));
            Assert.That(moved[i], Is.EqualTo(expected).Within(1e-6), $"weight {i}");
        }
    }

    [TestCase(ElementType.F32, 10_000)]
    [TestCase(ElementType.F32, 30)]
    [TestCase(ElementType.BF16, 10_000)]
    [TestCase(ElementType.BF16, 30)]
    public void Each_step_has_a_gradient_of_its_own(ElementType type, long maxPositions)
    {
        // The same batch over and over, and a rate that moves nothing.
        TrainingOptions options = Options with
        {
            BatchSize = Data.Examples.Length,
            LearningRate = 1e-12,
            WarmupSteps = 0,
            Type = type,
            MaxPositions = maxPositions,
        };
        using TorchModel start = TinyModels.Model(Config);
        using var session = new TrainingSession(start, Data, Validation, options);
        double[] norms = [.. Run(session).Skip(1).Select(step => step.GradientNorm)];
        Assert.That(norms, Is.All.EqualTo(norms[0]).Within(1).Percent);
    }

    [Test]
    public void The_same_seed_gives_the_same_bits_and_another_seed_others()
    {
        float[] Weights(long seed)
        {
            using TorchModel start = TinyModels.Model(Config);
            using var session = new TrainingSession(start, Data, Validation, Options with { Seed = seed });
            Run(session);
            return TinyModels.Numbers(session.Vectors.Weights);
        }

        float[] once = Weights(9);
        Assert.That(Weights(9), Is.EqualTo(once));
        Assert.That(Weights(10), Is.Not.EqualTo(once));
    }

    [Test]
    public void Accumulating_over_several_passes_changes_roundings_only()
    {
        (float[] Weights, double Loss) Train(long maxPositions)
        {
            using TorchModel start = TinyModels.Model(Config);
            using var session = new TrainingSession(start, Data, Validation, Options with { MaxPositions = maxPositions, Steps = 3 });
            TrainingStep[] steps = Run(session);
            return (TinyModels.Numbers(session.Vectors.Weights), steps[1].Loss!.Value);
        }

        var (whole, loss) = Train(10_000);
        var (cut, cutLoss) = Train(11);
        Assert.That(cutLoss, Is.EqualTo(loss).Within(1e-5));
        Assert.That(whole.Zip(cut, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-3), "Adam's first steps are as long as the rate, whatever the gradient");
        Assert.That(whole.Zip(cut, (a, b) => Math.Abs(a - b)).Average(), Is.LessThan(1e-5));
    }

    [Test]
    public void It_stops_when_validation_no_longer_improves_and_keeps_the_best()
    {
        // What is learnt contradicts what judges: the same sequences with other targets.
        DataSet contrary = new("validation", [.. Data.Examples.Select(example =>
            new Example([.. example.Tokens[..example.FirstTarget], .. example.Tokens[example.FirstTarget..].Select(token => (token + 1) % Config.VocabularySize)], example.FirstTarget))]);
        using TorchModel start = TinyModels.Model(Config);
        using var session = new TrainingSession(start, Data, contrary, Options with { Steps = 1000, EvaluateEvery = 5, Patience = 3 });
        TrainingStep[] steps = Run(session);

        double[] losses = [.. steps.Select(step => step.Validation).OfType<double>()];
        int best = Array.IndexOf(losses, losses.Min());
        Assert.That(session.State.BestStep, Is.EqualTo(5 * best));
        Assert.That(session.State.BestLoss, Is.EqualTo(losses.Min()));
        Assert.That(session.State.Step, Is.EqualTo(5 * (best + 3)).And.LessThan(1000), "three validations after the best");
        double kept = contrary.Examples.Sum(TinyModels.Reference(Config, TinyModels.Numbers(session.Best.Weights)).Loss) / contrary.Targets;
        Assert.That(kept, Is.EqualTo(losses.Min()).Within(1e-5));
        Assert.That(session.Report(1).StoppedEarly, Is.True);
    }

    [Test]
    public void In_bfloat16_the_optimiser_keeps_small_steps_in_binary32()
    {
        // A rate so small that no single step changes a bfloat16 weight of ordinary size.
        TrainingOptions options = Options with { Type = ElementType.BF16, LearningRate = 1e-4, Steps = 60, WarmupSteps = 0, EvaluateEvery = 60, FinalLearningRateShare = 1 };
        using TorchModel start = TinyModels.Model(Config);
        using var session = new TrainingSession(start, Data, Data, options);
        TrainingStep[] steps = Run(session);
        float[] before = TinyModels.Numbers(start.Weights), after = TinyModels.Numbers(session.Vectors.Weights);
        Assert.That(before.Zip(after, (a, b) => Math.Abs(a - b)).Average(), Is.GreaterThan(1e-3), "small steps add up");
        Assert.That(steps[^1].Validation, Is.LessThan(steps[0].Validation!.Value));
    }

    [Test]
    public void A_loss_that_is_not_finite_stops_with_the_step_named_and_keeps_the_best()
    {
        using TorchModel start = TinyModels.Model(Config);
        using var session = new TrainingSession(start, Data, Validation, Options with { LearningRate = 1e30, WarmupSteps = 0, EvaluateEvery = 1 });
        DemException e = Assert.Throws<DemException>(() => Run(session))!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.TrainingDiverged));
        Assert.That(e.Message, Does.Match(@"at step [12] is (NaN|Infinity|∞)"));
        Assert.That(session.State.Step, Is.LessThan(2), "the state is that before it");
        Assert.That(session.State.BestLoss, Is.Not.NaN);
        Assert.That(TinyModels.Numbers(session.Best.Weights), Is.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void No_tensor_stays_behind_after_a_step()
    {
        using TorchModel start = TinyModels.Model(Config);
        using var session = new TrainingSession(start, Data, Validation, Options with { Steps = 100, EvaluateEvery = 1, MaxPositions = 20 });
        for (int i = 0; i < 3; i++)
            session.Advance();
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 20; i++)
            session.Advance();
        Assert.That(TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount, Is.EqualTo(before));
    }

    [Test]
    public void Examples_that_do_not_fit_are_refused()
    {
        using TorchModel start = TinyModels.Model(Config);
        DemException Failure(Example example) => Assert.Throws<DemException>(
            () => new TrainingSession(start, Data, new DataSet("validation", [example]), Options).Dispose())!;
        Assert.That(Failure(new Example([1, Config.VocabularySize], 1)).Code, Is.EqualTo(ErrorCode.TokenOutOfRange));
        Assert.That(Failure(new Example([-1, 2], 1)).Code, Is.EqualTo(ErrorCode.TokenOutOfRange));
        Assert.That(Failure(new Example([.. Enumerable.Repeat(1, Config.MaxPositions + 1)], 1)).Code, Is.EqualTo(ErrorCode.ExampleTooLong));
    }

    [Test]
    public void Options_that_cannot_be_are_refused()
    {
        using TorchModel start = TinyModels.Model(Config);
        foreach (TrainingOptions options in new[]
        {
            Options with { Steps = 0 }, Options with { BatchSize = 0 }, Options with { LearningRate = double.NaN }, Options with { WarmupSteps = 13 },
            Options with { Type = ElementType.F16 }, Options with { ClipNorm = 0 }, Options with { EvaluateEvery = 0 }, Options with { Patience = -1 },
        })
        {
            Assert.That(
                () => new TrainingSession(start, Data, Validation, options).Dispose(),
                Throws.InstanceOf<DemException>().With.Property(nameof(DemException.Code)).EqualTo(ErrorCode.BadArgument), $"{options}");
        }
    }

    private static TrainingStep[] Run(TrainingSession session)
    {
        var steps = new List<TrainingStep>();
        while (!session.IsFinished)
            steps.Add(session.Advance());
        return [.. steps];
    }
}
