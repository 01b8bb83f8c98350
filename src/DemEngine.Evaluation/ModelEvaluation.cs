using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>Evaluates one model on disk.</summary>
public static class ModelEvaluation
{
    /// <summary>Evaluates a model on data sets.</summary>
    /// <param name="path">Path of the model's checkpoint.</param>
    /// <param name="files">Data sets to evaluate on.</param>
    /// <param name="tokenizers">Reader of the model's own tokenizer; null where models are known to have none.</param>
    /// <param name="metrics">Metrics to compute on each set; empty for every built-in metric that applies to the set.</param>
    /// <param name="open">Factory that makes the evaluator for the sets that were read.</param>
    /// <param name="choices">What is chosen about the data files; null for nothing.</param>
    /// <param name="cancel">Token that stops the evaluation.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2023: the checkpoint is invalid. DEM2080 to DEM2116: the model or the data is invalid. DEM4005
    /// (InputChanged): the checkpoint changed during the evaluation.
    /// </exception>
    public static ModelScores Run(
        string path,
        IReadOnlyList<DataFile> files,
        ITokenizerReader? tokenizers,
        ImmutableArray<Metric> metrics,
        Func<ImmutableArray<MeasuredSet>, IModelEvaluator> open,
        DataChoices? choices = null,
        CancellationToken cancel = default)
    {
        using Checkpoint checkpoint = ModelWeights.Open(path);
        var weights = new CheckpointWeights(checkpoint);
        LlamaTensors.Check(weights.Config, weights.Tensors, weights.Name);
        ITokenizer tokenizer = Tokenizers.Of(checkpoint.Folder, weights.Config, tokenizers);
        DataReading reading = (choices ?? DataChoices.None).For(checkpoint.Folder, tokenizer, weights.Config);
        using IModelEvaluator evaluator = open(MeasuredSet.Read(files, metrics, reading));
        return Run(checkpoint, evaluator, cancel);
    }

    /// <summary>Evaluates a model with a command, which has its own data.</summary>
    /// <param name="path">Path of the model's checkpoint.</param>
    /// <param name="command">Evaluator that runs the command.</param>
    /// <param name="cancel">Token that stops the evaluation.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2023: the checkpoint is invalid. DEM4101, DEM4102 (CommandFailed, CommandGaveNoNumber): the command failed
    /// or printed no usable number. DEM4005 (InputChanged): the model changed during the evaluation.
    /// </exception>
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
