using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Gradients;
using DemEngine.Memory;
using DemEngine.Search.Trials;

namespace DemEngine.Search.Tests;

/// <summary>Judges a model by how far its elements lie from those that a set would like: the mean over the tensors of ‖x − t‖², plus 1.</summary>
internal sealed class DistanceJudge(params (string Set, double[] Target)[] sets) : IGradientEvaluator
{
    /// <summary>How often it was asked.</summary>
    public int Evaluations { get; private set; }

    /// <summary>Which models it cannot judge, by the elements of the first tensor.</summary>
    public Func<double[], bool> Fails { get; set; } = _ => false;

    /// <summary>Called at every evaluation.</summary>
    public Action<IModelWeights> Evaluating { get; set; } = _ => { };

    /// <summary>Another target for the tensors from this layer on, and what is asked of it.</summary>
    public Func<string, double[], double[]> TargetOf { get; set; } = (_, target) => target;

    public ImmutableArray<Identity> Identities => [.. sets.Select(set => Identity.Of(set.Set, set.Target.Select(value => $"{value}")))];

    public string Description => "distance";

    public ImmutableArray<(string Set, Metric Metric)> Measures => [.. sets.Select(set => (set.Set, Metric.Loss))];

    public ModelScores Evaluate(IModelWeights model, CancellationToken cancel = default)
    {
        Evaluations++;
        Evaluating(model);
        if (Fails(Values(model, model.Tensors[0])))
            throw new DemException(ErrorCode.CommandFailed, "it was made to fail");
        return new ModelScores(
            [.. sets.Select(set => new Score(set.Set, Metric.Loss, 1 + model.Tensors.Average(tensor => Distance(Values(model, tensor), TargetOf(tensor.Name, set.Target))), 1))], 0, 0);
    }

    public GradientScores Differentiate(IModelWeights model, IWeightDirections directions, CancellationToken cancel = default)
    {
        ModelScores scores = Evaluate(model, cancel);
        double Slope((string Set, double[] Target) set, TensorSpec tensor, int direction)
        {
            float[] along = new float[tensor.Shape.ElementCount];
            directions.Read(direction, tensor.Name, 0, along);
            double[] target = TargetOf(tensor.Name, set.Target);
            return Values(model, tensor).Select((x, i) => 2 * (x - target[i]) * along[i]).Sum() / model.Tensors.Length;
        }

        return new GradientScores(
            scores,
            [.. model.Tensors.Select(tensor => tensor.Name)],
            [
                .. sets.Select(set => new SetGradient(
                    set.Set,
                    [.. Enumerable.Range(0, directions.Count).Select(k => model.Tensors.Select(tensor => Slope(set, tensor, k)).ToImmutableArray())])),
            ]);
    }

    public void Dispose()
    {
    }

    private static double[] Values(IModelWeights model, TensorSpec tensor)
    {
        TypedBytes read = model.Find(tensor.Name)!.Read(0, (int)tensor.Shape.ElementCount, default);
        return DemEngine.Tests.Merging.Values.Of(read.Type, read.Bytes.Span.ToArray());
    }

    private static double Distance(double[] x, double[] target) => x.Zip(target, (a, b) => (a - b) * (a - b)).Sum();
}
