using System.Collections.Immutable;

namespace DemEngine.Lab.Experiment.Results;

/// <summary>Everything that an experiment found, and all that its report is made from.</summary>
/// <param name="Preset">Which experiment it was.</param>
/// <param name="Command">The command that repeats it.</param>
/// <param name="Model">The models' shape, in words.</param>
/// <param name="Parameters">Weights of one model.</param>
/// <param name="Seeds">One whole run for each.</param>
/// <param name="Sources">The data.</param>
/// <param name="Tables">What the methods reached and cost.</param>
/// <param name="Geometry">How far the tuned models lie from the base, in the first run.</param>
/// <param name="Map">How far the sources lie apart.</param>
/// <param name="Curves">What coefficients do to the validation metric, in the first run.</param>
public sealed record ExperimentResults(
    string Preset,
    string Command,
    string Model,
    long Parameters,
    ImmutableArray<long> Seeds,
    ImmutableArray<SourceSummary> Sources,
    ImmutableArray<ResultTable> Tables,
    VectorGeometry Geometry,
    SourceMap Map,
    ImmutableArray<CoefficientCurve> Curves);

/// <summary>A data source of the experiment.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What is asked, with an example.</param>
/// <param name="Role">What it is there for, in a few words.</param>
/// <param name="TrainExamples">Exercises to train on; 0 if none is tuned on it.</param>
/// <param name="ValidationExamples">Exercises to choose by.</param>
/// <param name="TestExamples">Exercises to judge by.</param>
public sealed record SourceSummary(string Name, string Description, string Role, int TrainExamples, int ValidationExamples, int TestExamples);

/// <summary>Methods beside each other.</summary>
/// <param name="Name">Its heading.</param>
/// <param name="Note">What there is to know when reading it.</param>
/// <param name="Columns">The test sets that methods are judged on.</param>
/// <param name="Averaged">How many of the columns, from the first, the mean is over; others are shown beside it.</param>
/// <param name="Rows">The methods.</param>
public sealed record ResultTable(string Name, string Note, ImmutableArray<string> Columns, int Averaged, ImmutableArray<MethodResult> Rows);

/// <summary>What one method reached.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What was done, in a sentence.</param>
/// <param name="Kind">What sort of method it is; methods of one kind look alike in figures.</param>
/// <param name="Runs">One for each seed.</param>
public sealed record MethodResult(string Name, string Description, MethodKind Kind, ImmutableArray<MethodRun> Runs);

/// <summary>Sorts of methods.</summary>
public enum MethodKind
{
    /// <summary>What all start from.</summary>
    Base,

    /// <summary>Trained on one source.</summary>
    FineTune,

    /// <summary>A merge with coefficients that were not searched.</summary>
    FixedMerge,

    /// <summary>A merge with coefficients chosen on validation data.</summary>
    Dem,

    /// <summary>Trained on all sources together.</summary>
    Mixing,
}

/// <summary>A method with one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="ExactMatch">Share of right answers on each of the table's test sets, 0 to 1.</param>
/// <param name="Loss">Mean negative log-likelihood of the answers on each, in nats per token.</param>
/// <param name="Cost">What it took beyond the base.</param>
/// <param name="Chosen">What was chosen on validation data, such as coefficients, in words; null if nothing was.</param>
public sealed record MethodRun(long Seed, ImmutableArray<double> ExactMatch, ImmutableArray<double> Loss, MethodCost Cost, string? Chosen = null);
