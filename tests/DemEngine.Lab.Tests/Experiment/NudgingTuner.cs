using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Evaluation.Tests;
using DemEngine.Lab.Experiment.Running;
using DemEngine.Numerics;

namespace DemEngine.Lab.Tests.Experiment;

/// <summary>
/// Stands where Torch is not: random weights, and for a tuned model the start's with a nudge that its data decide. What an experiment does
/// with models, it does with these.
/// </summary>
internal sealed class NudgingTuner : IFineTuner
{
    public List<TuningRequest> Requests { get; } = [];

    /// <summary>Stops the experiment after so many models.</summary>
    public int Limit { get; set; } = int.MaxValue;

    public string Description => "nudges";

    public TuningReport Tune(TuningRequest request, Action<double, string>? progress, CancellationToken cancel)
    {
        lock (Requests)
        {
            if (Requests.Count == Limit)
                throw new OperationCanceledException();
            Requests.Add(request);
        }

        progress?.Invoke(0.5, "half");
        string[] lines = File.ReadAllLines(request.Data);
        LlamaConfig config = LlamaConfig.Read(request.Config);
        int seed = (int)request.Seed + lines.Sum(line => line.Sum(c => c));
        using var model = new TinyModel(config, seed, request.Start is null ? 0.1 : 0.02);
        if (request.Start is not null)
        {
            using var start = Checkpoint.Open(request.Start);
            foreach (TensorSpec spec in model.Tensors)
            {
                float[] nudge = new float[spec.Shape.ElementCount], from = new float[spec.Shape.ElementCount];
                WeightDecoding.Decode(model.Find(spec.Name)!, nudge);
                WeightDecoding.Decode(start.Find(spec.Name)!, from);
                float centre = spec.Shape.Dimensions.Length == 1 ? 1 : 0;
                model.Set(spec.Name, spec.Shape, [.. from.Zip(nudge, (a, b) => a + b - centre)]);
            }
        }

        if (Directory.Exists(request.Output))
            Directory.Delete(request.Output, recursive: true);
        model.Write(request.Output, ElementType.F32);
        return new TuningReport(request.Settings.Steps, 100 * request.Settings.Steps, 1, 0.25 * request.Settings.Steps);
    }
}
