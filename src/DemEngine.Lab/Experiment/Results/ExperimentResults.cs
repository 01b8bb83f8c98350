using System.Collections.Immutable;

namespace DemEngine.Lab.Experiment.Results;

/// <summary>All results of an experiment. The report is generated from these alone.</summary>
/// <param name="Preset">Name of the experiment's preset.</param>
/// <param name="Command">Command line that repeats the experiment.</param>
/// <param name="Model">Description of the models' shape in words.</param>
/// <param name="Parameters">Number of weights of one model that a token passes through.</param>
/// <param name="Seeds">Seeds of the runs; each seed is one complete run.</param>
/// <param name="Sources">Data sources of the experiment.</param>
/// <param name="Tables">Tables of the scores and the costs of the methods; the first is of the family as it is built.</param>
/// <param name="Life">
/// The life of the family: for each event, in order, a table of the methods with what the event alone cost.
/// </param>
/// <param name="Geometry">Distances of the tuned models from the base, in the first run.</param>
/// <param name="Map">Map of the sources that shows the distances between them.</param>
/// <param name="Curves">Validation metric as a function of the coefficients, in the first run.</param>
public sealed record ExperimentResults(
    string Preset,
    string Command,
    string Model,
    long Parameters,
    ImmutableArray<long> Seeds,
    ImmutableArray<SourceSummary> Sources,
    ImmutableArray<ResultTable> Tables,
    ImmutableArray<ResultTable> Life,
    VectorGeometry Geometry,
    SourceMap Map,
    ImmutableArray<CoefficientCurve> Curves);

/// <summary>A data source of the experiment.</summary>
/// <param name="Name">Name of the source.</param>
/// <param name="Description">Description of the exercises, with an example.</param>
/// <param name="Role">Role of the source in the experiment, in a few words.</param>
/// <param name="TrainExamples">Number of training exercises; 0 if no model is tuned on this source.</param>
/// <param name="ValidationExamples">Number of validation exercises, on which choices are made.</param>
/// <param name="TestExamples">Number of test exercises, on which methods are judged.</param>
public sealed record SourceSummary(
    string Name,
    string Description,
    string Role,
    int TrainExamples,
    int ValidationExamples,
    int TestExamples);

/// <summary>A table that compares methods.</summary>
/// <param name="Name">Heading of the table.</param>
/// <param name="Note">Explanation for the reader of the table.</param>
/// <param name="Columns">Names of the test sets on which methods are judged.</param>
/// <param name="Averaged">
/// Number of columns, counted from the first, that the mean is taken over; the other columns are shown beside it.
/// </param>
/// <param name="Rows">Results of the methods, one per row.</param>
public sealed record ResultTable(
    string Name,
    string Note,
    ImmutableArray<string> Columns,
    int Averaged,
    ImmutableArray<MethodResult> Rows);

/// <summary>Results of one method.</summary>
/// <param name="Name">Name of the method.</param>
/// <param name="Description">Description of the method in one sentence.</param>
/// <param name="Kind">Kind of the method; methods of one kind look alike in figures.</param>
/// <param name="Runs">Results of the runs, one for each seed.</param>
public sealed record MethodResult(string Name, string Description, MethodKind Kind, ImmutableArray<MethodRun> Runs);

/// <summary>Kinds of methods.</summary>
public enum MethodKind
{
    /// <summary>The model that all others start from.</summary>
    Base,

    /// <summary>A model trained on one source.</summary>
    FineTune,

    /// <summary>A merge with fixed coefficients, which were not searched.</summary>
    FixedMerge,

    /// <summary>A merge with coefficients chosen on validation data.</summary>
    Dem,

    /// <summary>A model trained on all sources together.</summary>
    Mixing,
}

/// <summary>Results of a method with one seed.</summary>
/// <param name="Seed">Seed of the run.</param>
/// <param name="ExactMatch">Share of right answers on each of the table's test sets, 0 to 1.</param>
/// <param name="Loss">Mean negative log-likelihood of the answers on each test set, in nats per token.</param>
/// <param name="Cost">Cost of the method beyond the base.</param>
/// <param name="Chosen">
/// Description of what was chosen on validation data, such as coefficients; null if nothing was chosen.
/// </param>
public sealed record MethodRun(
    long Seed,
    ImmutableArray<double> ExactMatch,
    ImmutableArray<double> Loss,
    MethodCost Cost,
    string? Chosen = null);
