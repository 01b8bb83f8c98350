using System.Collections.Immutable;
using System.Diagnostics;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Lab.Experiment.Results;
using DemEngine.Numerics;
using DemEngine.Training.Settings;

namespace DemEngine.Lab.Experiment.Given;

/// <summary>What a stage of an experiment will cost.</summary>
/// <param name="Name">Name of the stage.</param>
/// <param name="Cost">Tokens that it trains on and evaluates.</param>
/// <param name="Bytes">Bytes that it writes.</param>
public sealed record GivenStage(string Name, MethodCost Cost, long Bytes);

/// <summary>What an experiment on given data will cost, before it is run.</summary>
/// <param name="Stages">The stages in their order.</param>
/// <param name="Parameters">Number of weights of the model that a token passes through.</param>
/// <param name="TrainingMemory">Bytes of memory that the weights, and what training keeps beside them, take.</param>
/// <param name="Rate">Operations a second, measured by passing validation data through the base.</param>
public sealed record GivenEstimate(ImmutableArray<GivenStage> Stages, long Parameters, long TrainingMemory, double Rate)
{
    // The weights, their best copy, gradients, and the optimiser's two moments, binary32 each.
    private const long BytesOfTrainedWeight = 5 * sizeof(float);

    // Passes enough examples that reading the weights is not most of it, and few enough for a large model.
    private const int MeasuredExamples = 8;

    /// <summary>All floating-point operations.</summary>
    public double Operations => Stages.Sum(stage => stage.Cost.Flops(Parameters));

    /// <summary>All bytes that are written.</summary>
    public long Bytes => Stages.Sum(stage => stage.Bytes);

    /// <summary>Seconds at the measured rate.</summary>
    public double Seconds => Operations / Rate;

    /// <summary>Estimates an experiment, and measures the rate on this machine.</summary>
    internal static GivenEstimate Of(GivenSettings settings, GivenData data, int threads, CancellationToken cancel)
    {
        LlamaConfig config = data.Config;
        using Checkpoint start = Checkpoint.Open(settings.Base);
        long stored = start.Tensors.Sum(tensor => tensor.Spec.ByteLength);
        long saved = config.Parameters * settings.Training.Type.Size;
        long adapter = settings.Training.Lora is { } lora ? LoraBytes(config, lora) : 0;
        var stages = ImmutableArray.CreateBuilder<GivenStage>();
        foreach (GivenModel model in GivenModel.Of(settings))
        {
            double total = model.Shares.Sum(one => one.Share);
            double each = model.Shares.Sum(one => one.Share / total * data.TokensOfExample(one.Source));
            long validations = 1 + (model.Steps / GivenExperiment.EvaluateEvery(model.Steps));
            stages.Add(new GivenStage(
                $"training {model.Name}",
                new MethodCost(
                    (long)(model.Steps * settings.Training.BatchSize * each),
                    validations * GivenData.Tokens(data.ValidationOf(model)),
                    0),
                model.IsAdapter ? adapter : saved));
        }

        foreach (var (name, sources) in new[] { ("build", settings.Built), ("add", settings.Sources) })
        {
            long tokens = data.Validation(sources).Sum(set => GivenData.Tokens(set.Data));
            long trials = GivenExperiment.MostTrials(sources.Length) + 1 + sources.Length;
            stages.Add(new GivenStage($"coefficients, {name}", new MethodCost(0, trials * tokens, 0), 0));
        }

        // The base, each source's model, the plain average, three merges and five mixtures.
        long judged = 1 + settings.Sources.Length + 1 + 3 + 5;
        long test = data.Test(settings.Sources).Sum(set => GivenData.Tokens(set.Data));
        stages.Add(new GivenStage("judging", new MethodCost(0, judged * test, 0), 0));
        long memory = settings.IsAdapted ? Math.Max(stored, saved) : config.Parameters * BytesOfTrainedWeight;
        return new GivenEstimate(
            stages.DrainToImmutable(), config.ActiveParameters, memory, Measure(settings, data, threads, cancel));
    }

    /// <summary>Measures operations a second of forward passes, without the time that reading the weights takes.</summary>
    private static double Measure(GivenSettings settings, GivenData data, int threads, CancellationToken cancel)
    {
        DataSet set = data.Validation(settings.Sources)[0].Data;
        (long Tokens, double Seconds) Pass(int count)
        {
            var part = new DataSet(set.Name, [.. Enumerable.Range(0, count).Select(k => set.Examples[k % set.Examples.Length])]);
            using IModelEvaluator evaluator = GivenExperiment.Evaluator(
                settings, data.Config, [new MeasuredSet(part, [Metric.Loss])], threads);
            using Checkpoint start = Checkpoint.Open(settings.Base);
            var weights = new CheckpointWeights(start);
            evaluator.Evaluate(weights, cancel); // Code is compiled, and pages are read, the first time.
            long begun = Stopwatch.GetTimestamp();
            ModelScores scores = evaluator.Evaluate(weights, cancel);
            return (scores.Tokens, Stopwatch.GetElapsedTime(begun).TotalSeconds);
        }

        var (few, loading) = Pass(1);
        var (many, whole) = Pass(MeasuredExamples);
        double seconds = whole - loading > 0.1 * whole ? whole - loading : whole;
        long tokens = whole - loading > 0.1 * whole ? many - few : many;
        return new MethodCost(0, tokens, 0).Flops(data.Config.ActiveParameters) / seconds;
    }

    private static long LoraBytes(LlamaConfig config, LoraOptions lora) => sizeof(float) * LlamaTensors.Of(config)
        .Where(tensor => lora.Targets.Any(target => tensor.Name.EndsWith($".{target}.weight", StringComparison.Ordinal)))
        .Sum(tensor => lora.Rank * (tensor.Shape.Dimensions[0] + tensor.Shape.Dimensions[1]));
}
