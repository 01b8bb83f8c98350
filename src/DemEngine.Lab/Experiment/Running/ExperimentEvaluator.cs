using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Embedded;
using DemEngine.Evaluation.Language;
using DemEngine.Training.Evaluation;
using DemEngine.Training.Settings;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>Chooses what judges the models of an experiment.</summary>
internal static class ExperimentEvaluator
{
    /// <summary>The embedded evaluator, or Torch where that does not compute the architecture.</summary>
    /// <param name="model">Configuration of the models.</param>
    /// <param name="sets">Data sets with their metrics.</param>
    /// <param name="threads">Number of threads. Torch takes one, so that its sums do not depend on the machine's number.</param>
    public static IModelEvaluator Of(LlamaConfig model, IEnumerable<MeasuredSet> sets, int threads)
    {
        ImmutableArray<MeasuredSet> all = [.. sets];
        return model.IsEmbedded ? new EmbeddedEvaluator(all, threads) : new TorchEvaluator(all, DeviceName.Processor, threads: 1);
    }
}
