using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>A data set and what to measure on it.</summary>
/// <param name="Data">The set.</param>
/// <param name="Metrics">At least one.</param>
public sealed record MeasuredSet(DataSet Data, ImmutableArray<Metric> Metrics)
{
    /// <summary>Reads data sets.</summary>
    /// <param name="files">Where they are.</param>
    /// <param name="metrics">What to measure on each; none for all that a set has the means to measure.</param>
    /// <param name="tokenizer">Of the model.</param>
    /// <param name="config">Of the model.</param>
    /// <exception cref="DemException">DEM2104, DEM2111 to DEM2116.</exception>
    public static ImmutableArray<MeasuredSet> Read(
        IEnumerable<DataFile> files, ImmutableArray<Metric> metrics, ITokenizer tokenizer, LlamaConfig config)
    {
        var sets = ImmutableArray.CreateBuilder<MeasuredSet>();
        foreach (DataFile file in files)
        {
            DataSet data = DataSetReader.Read(file.Name, file.Path, tokenizer, config);
            sets.Add(new MeasuredSet(data, metrics.IsEmpty ? [.. Metric.BuiltIn.Where(metric => Lacking(metric, data) is null)] : metrics));
            sets[^1].Check();
        }

        return sets.DrainToImmutable();
    }

    /// <summary>Refuses metrics that the set has no means to measure.</summary>
    /// <exception cref="DemException">DEM2116.</exception>
    public void Check()
    {
        foreach (Metric metric in Metrics)
        {
            if (Lacking(metric, Data) is { } lacking)
                throw new DemException(ErrorCode.MetricNotApplicable, $"{metric} on {Data.Name}: {lacking}");
        }
    }

    private static string? Lacking(Metric metric, DataSet data) => metric.Name switch
    {
        "loss" or "perplexity" => null,
        "exact-match" => data.HasPrompts ? null : "it is not all prompts with completions",
        "choice-accuracy" => data.Questions.Length > 0 ? null : "it has no choices",
        _ => "there is no metric of that name",
    };
}
