using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>
/// Evaluator of a search's candidates, before it is opened: one in this process with validation sets, or a command.
/// </summary>
public sealed class SearchJudge
{
    private readonly Func<MemoryMerge, Recipe, OpenedJudge> _open;

    private SearchJudge(Metric metric, Func<MemoryMerge, Recipe, OpenedJudge> open)
    {
        Metric = metric;
        _open = open;
    }

    /// <summary>Metric that is searched by.</summary>
    public Metric Metric { get; }

    /// <summary>Makes a judge that evaluates in this process on validation sets.</summary>
    /// <param name="files">Validation sets to evaluate on.</param>
    /// <param name="tokenizers">Reader of the models' own tokenizer; null where they are known to have none.</param>
    /// <param name="metric">Metric to compute on each set.</param>
    /// <param name="open">Factory that makes the evaluator for the sets that were read.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): there is no validation set.</exception>
    public static SearchJudge OnSets(
        IReadOnlyList<DataFile> files,
        ITokenizerReader? tokenizers,
        Metric metric,
        Func<ImmutableArray<MeasuredSet>, IModelEvaluator> open)
    {
        if (files.Count == 0)
            throw new DemException(ErrorCode.BadArgument, "there is no validation set");
        return new SearchJudge(metric, (merge, recipe) =>
        {
            LlamaConfig config = Candidate.ConfigOf(merge);
            ITokenizer tokenizer = MergedTokenizer.Read(merge, recipe, config, tokenizers);
            DataReading reading = merge.BaseFolder is { } folder
                ? DataChoices.None.For(folder, tokenizer, config)
                : new DataReading(tokenizer, config);
            ImmutableArray<MeasuredSet> sets = MeasuredSet.Read(files, [metric], reading);
            return new OpenedJudge(open(sets), SearchProblem.BuiltInJudge(metric), [.. sets.Select(set => set.Data)]);
        });
    }

    /// <summary>Makes a judge that runs an external command, which has its own data.</summary>
    /// <param name="command">Command line, see <see cref="CommandEvaluator"/>.</param>
    /// <param name="metric">Metric that is searched by, one of those that the command prints.</param>
    /// <param name="longest">Time after which the command is ended, and has failed; null for no limit.</param>
    /// <param name="retries">Number of times that a command which failed is run again before the trial has failed.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): the command does not say where the model's folder goes.</exception>
    public static SearchJudge ByCommand(string command, Metric metric, TimeSpan? longest = null, int retries = 0)
    {
        var evaluator = new CommandEvaluator(command, [metric]) { Longest = longest, Retries = retries };
        return new SearchJudge(metric, (_, _) => new OpenedJudge(evaluator, SearchProblem.CommandJudge(command, metric), []));
    }

    /// <summary>Opens the judge: reads the validation sets and makes the evaluator.</summary>
    /// <param name="merge">Merge that makes the candidates.</param>
    /// <param name="recipe">Recipe that is merged.</param>
    /// <exception cref="DemException">DEM2023, DEM2101 to DEM2116: the model or the data is invalid.</exception>
    internal OpenedJudge Open(MemoryMerge merge, Recipe recipe) => _open(merge, recipe);
}

/// <summary>A judge that has been opened.</summary>
/// <param name="Evaluator">Evaluator of the candidates, to be disposed by the caller.</param>
/// <param name="Identity">Identity that distinguishes the judge from others.</param>
/// <param name="Sets">Validation sets; empty where only the judge knows them.</param>
internal sealed record OpenedJudge(IModelEvaluator Evaluator, Identity Identity, ImmutableArray<DataSet> Sets);
