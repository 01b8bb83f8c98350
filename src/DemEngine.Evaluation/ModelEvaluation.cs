using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>Evaluates one model on disk.</summary>
public static class ModelEvaluation
{
    /// <summary>Evaluates on data sets.</summary>
    /// <param name="path">The model.</param>
    /// <param name="files">The sets.</param>
    /// <param name="tokenizers">Reads the model's own tokenizer.</param>
    /// <param name="metrics">What to measure on each; none for all that a set has the means to measure.</param>
    /// <param name="open">Makes the evaluator for the sets that were read.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="DemException">DEM2001 to DEM2023: the checkpoint. DEM2101 to DEM2116: the model or the data. DEM4005: it changed meanwhile.</exception>
    public static ModelScores Run(
        string path,
        IReadOnlyList<DataFile> files,
        ITokenizerReader? tokenizers,
        ImmutableArray<Metric> metrics,
        Func<ImmutableArray<MeasuredSet>, IModelEvaluator> open,
        CancellationToken cancel = default)
    {
        using var checkpoint = Checkpoint.Open(path);
        var weights = new CheckpointWeights(checkpoint);
        LlamaTensors.Check(weights.Config, weights.Tensors, weights.Name);
        using IModelEvaluator evaluator = open(MeasuredSet.Read(files, metrics, Tokenizers.Of(checkpoint.Folder, weights.Config, tokenizers), weights.Config));
        return Run(checkpoint, evaluator, cancel);
    }

    /// <summary>Evaluates with a command, which knows its own data.</summary>
    /// <param name="path">The model.</param>
    /// <param name="command">The evaluator.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="DemException">DEM2001 to DEM2023: the checkpoint. DEM4101, DEM4102: the command. DEM4005: the model changed meanwhile.</exception>
    public static ModelScores Run(string path, CommandEvaluator command, CancellationToken cancel = default)
    {
        using var checkpoint = Checkpoint.Open(path);
        return Run(checkpoint, command, cancel);
    }

    private static ModelScores Run(Checkpoint checkpoint, IModelEvaluator evaluator, CancellationToken cancel)
    {
        ModelScores scores = evaluator.Evaluate(new CheckpointWeights(checkpoint), cancel);
        checkpoint.CheckUnchanged();
        return scores;
    }
}
