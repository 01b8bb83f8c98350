using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Output;
using DemEngine.Recipes;
using DemEngine.Search.Trials;

namespace DemEngine.Search;

/// <summary>What judges the candidates of a search: an evaluator in this process on validation sets, or a command.</summary>
public sealed class SearchJudge
{
    private readonly Func<MemoryMerge, Recipe, OpenedJudge> _open;

    private SearchJudge(Metric metric, Func<MemoryMerge, Recipe, OpenedJudge> open)
    {
        Metric = metric;
        _open = open;
    }

    /// <summary>What is measured.</summary>
    public Metric Metric { get; }

    /// <summary>An evaluator in this process.</summary>
    /// <param name="files">The validation sets.</param>
    /// <param name="tokenizers">Reads the models' own tokenizer.</param>
    /// <param name="metric">What to measure on each.</param>
    /// <param name="open">Makes the evaluator for the sets that were read.</param>
    /// <exception cref="DemException">DEM1001: there is no set.</exception>
    public static SearchJudge OnSets(
        IReadOnlyList<DataFile> files, ITokenizerReader? tokenizers, Metric metric, Func<ImmutableArray<MeasuredSet>, IModelEvaluator> open)
    {
        if (files.Count == 0)
            throw new DemException(ErrorCode.BadArgument, "there is no validation set");
        return new SearchJudge(metric, (merge, recipe) =>
        {
            LlamaConfig config = Candidate.ConfigOf(merge);
            ImmutableArray<MeasuredSet> sets = MeasuredSet.Read(files, [metric], MergedTokenizer.Read(merge, recipe, config, tokenizers), config);
            return new OpenedJudge(open(sets), SearchProblem.BuiltInJudge(metric), [.. sets.Select(set => set.Data)]);
        });
    }

    /// <summary>A command outside, which knows its own data.</summary>
    /// <param name="command">See <see cref="CommandEvaluator"/>.</param>
    /// <param name="metric">Which of the numbers that it prints is searched by.</param>
    /// <exception cref="DemException">DEM1001: it does not say where the model's folder goes.</exception>
    public static SearchJudge ByCommand(string command, Metric metric)
    {
        var evaluator = new CommandEvaluator(command, [metric]);
        return new SearchJudge(metric, (_, _) => new OpenedJudge(evaluator, SearchProblem.CommandJudge(command, metric), []));
    }

    /// <summary>Makes it ready.</summary>
    /// <param name="merge">The candidates.</param>
    /// <param name="recipe">What is merged.</param>
    /// <exception cref="DemException">DEM2023, DEM2101 to DEM2116: the model or the data.</exception>
    internal OpenedJudge Open(MemoryMerge merge, Recipe recipe) => _open(merge, recipe);
}

/// <summary>A judge that is ready.</summary>
/// <param name="Evaluator">Evaluates; to be disposed.</param>
/// <param name="Identity">Tells it from others.</param>
/// <param name="Sets">The validation sets; none where only the judge knows them.</param>
internal sealed record OpenedJudge(IModelEvaluator Evaluator, Identity Identity, ImmutableArray<DataSet> Sets);
