using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;

namespace DemEngine.Lab.Experiment.Given;

/// <summary>The data of an experiment's sources, as examples of the base's tokens.</summary>
internal sealed class GivenData
{
    private readonly Dictionary<string, (DataSet Train, DataSet Validation, DataSet Test)> _sets;

    /// <summary>Reads the data.</summary>
    /// <exception cref="DemException">DEM2080 to DEM2116: data cannot be read, or have no prompts to be right about.</exception>
    public GivenData(GivenSettings settings, ITokenizerReader tokenizers)
    {
        Config = LlamaConfig.Read(settings.Base);
        DataReading reading = DataChoices.None.For(
            settings.Base, Tokenizers.Of(settings.Base, Config, tokenizers), Config);
        DataSet Read(GivenSource source, string path) => DataSetReader.Read(source.Name, path, reading);
        _sets = settings.Sources.ToDictionary(
            source => source.Name,
            source => (Read(source, source.Train), Read(source, source.Validation), Read(source, source.Test)));
        foreach (MeasuredSet set in Test(settings.Sources))
            set.Check();
    }

    /// <summary>Configuration of the models.</summary>
    public LlamaConfig Config { get; }

    /// <summary>Test sets, on which models are judged.</summary>
    public ImmutableArray<MeasuredSet> Test(IEnumerable<GivenSource> sources) =>
        [.. sources.Select(source => new MeasuredSet(_sets[source.Name].Test, [Metric.Loss, Metric.ExactMatch]))];

    /// <summary>Validation sets, on which coefficients are chosen.</summary>
    public ImmutableArray<MeasuredSet> Validation(IEnumerable<GivenSource> sources) =>
        [.. sources.Select(source => new MeasuredSet(_sets[source.Name].Validation, [Metric.Loss]))];

    /// <summary>Examples by which the best weights of a model are chosen.</summary>
    public DataSet ValidationOf(GivenModel model) => new(
        "validation", [.. model.Shares.SelectMany(one => _sets[one.Source.Name].Validation.Examples)], hasPrompts: true);

    /// <summary>
    /// Examples that a model is trained on, as many as it sees. Each is of the source that lags most behind its share, so that
    /// every part of a mixture is mixed.
    /// </summary>
    public DataSet TrainOf(GivenModel model, int batchSize)
    {
        long count = model.Steps * batchSize;
        double total = model.Shares.Sum(one => one.Share);
        long[] taken = new long[model.Shares.Length];
        var examples = ImmutableArray.CreateBuilder<Example>();
        for (long k = 0; k < count; k++)
        {
            int source = Enumerable.Range(0, taken.Length)
                .MaxBy(one => (model.Shares[one].Share / total * (k + 1)) - taken[one]);
            ImmutableArray<Example> pool = _sets[model.Shares[source].Source.Name].Train.Examples;
            examples.Add(pool[(int)(taken[source]++ % pool.Length)]);
        }

        return new DataSet("training", examples.DrainToImmutable(), hasPrompts: true);
    }

    /// <summary>Number of positions of a set's examples.</summary>
    public static long Tokens(DataSet set) => set.Examples.Sum(example => example.Tokens.Length - 1L);

    /// <summary>Mean number of positions of a training example of a source.</summary>
    public double TokensOfExample(GivenSource source)
    {
        DataSet train = _sets[source.Name].Train;
        return (double)Tokens(train) / train.Examples.Length;
    }
}
