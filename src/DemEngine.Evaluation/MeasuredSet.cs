using System.Collections.Immutable;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>A data set and the metrics to compute on it.</summary>
/// <param name="Data">Data set to evaluate on.</param>
/// <param name="Metrics">Metrics to compute on the set, at least one.</param>
public sealed record MeasuredSet(DataSet Data, ImmutableArray<Metric> Metrics)
{
    /// <summary>Reads data sets without chats and selects the metrics to compute on each.</summary>
    /// <param name="files">Data files to read, in the order of the result.</param>
    /// <param name="metrics">Metrics to compute on each set; empty for every built-in metric that applies to the set.</param>
    /// <param name="tokenizer">Tokenizer of the model.</param>
    /// <param name="config">Configuration of the model, which bounds token ids and sequence lengths.</param>
    /// <exception cref="DemException">
    /// The errors of <see cref="Read(IEnumerable{DataFile}, ImmutableArray{Metric}, DataReading)"/>.
    /// </exception>
    public static ImmutableArray<MeasuredSet> Read(
        IEnumerable<DataFile> files, ImmutableArray<Metric> metrics, ITokenizer tokenizer, LlamaConfig config) =>
        Read(files, metrics, new DataReading(tokenizer, config));

    /// <summary>Reads data sets and selects the metrics to compute on each.</summary>
    /// <param name="files">Data files to read, in the order of the result.</param>
    /// <param name="metrics">Metrics to compute on each set; empty for every built-in metric that applies to the set.</param>
    /// <param name="reading">What the rows of the files are read with.</param>
    /// <exception cref="DemException">
    /// DEM2080 to DEM2084: a chat cannot become text, or a file is damaged. DEM2104 (NoTokenizer): text cannot be encoded.
    /// DEM2111 to DEM2115: a file or a row of it is invalid. DEM2116
    /// (MetricNotApplicable): a metric cannot be computed on a set.
    /// </exception>
    public static ImmutableArray<MeasuredSet> Read(
        IEnumerable<DataFile> files, ImmutableArray<Metric> metrics, DataReading reading)
    {
        var sets = ImmutableArray.CreateBuilder<MeasuredSet>();
        foreach (DataFile file in files)
        {
            DataSet data = DataSetReader.Read(file.Name, file.Path, reading);
            sets.Add(new MeasuredSet(
                data, metrics.IsEmpty ? [.. Metric.BuiltIn.Where(metric => Lacking(metric, data) is null)] : metrics));
            sets[^1].Check();
        }

        return sets.DrainToImmutable();
    }

    /// <summary>Checks that every metric can be computed on the set.</summary>
    /// <exception cref="DemException">DEM2116 (MetricNotApplicable): the set lacks what a metric needs.</exception>
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
