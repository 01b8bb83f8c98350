using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>A table that is filled seed by seed. Its rows are in the order in which the methods were first added.</summary>
/// <param name="name">Heading of the table.</param>
/// <param name="note">Explanation for the reader of the table.</param>
/// <param name="columns">Names of the test sets.</param>
/// <param name="averaged">Number of columns, counted from the first, that the mean is taken over.</param>
internal sealed class Findings(string name, string note, ImmutableArray<string> columns, int averaged)
{
    private readonly List<MethodResult> _rows = [];

    /// <summary>Adds the results of a method with one seed.</summary>
    /// <param name="method">Name of the method.</param>
    /// <param name="description">Description of the method in one sentence.</param>
    /// <param name="kind">Kind of the method.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="scores">Scores on the test sets.</param>
    /// <param name="cost">Cost of the method.</param>
    /// <param name="chosen">Description of what was chosen on validation data; null if nothing was.</param>
    public void Add(
        string method,
        string description,
        MethodKind kind,
        long seed,
        ModelScores scores,
        MethodCost cost,
        string? chosen = null)
    {
        ImmutableArray<double> Values(Metric metric) => [.. columns.Select(column => scores[column, metric])];
        Add(method, description, kind, new MethodRun(seed, Values(Metric.ExactMatch), Values(Metric.Loss), cost, chosen));
    }

    /// <summary>Adds the results of a method with one seed.</summary>
    public void Add(string method, string description, MethodKind kind, MethodRun run)
    {
        int row = _rows.FindIndex(one => one.Name == method);
        if (row < 0)
            _rows.Add(new MethodResult(method, description, kind, [run]));
        else
            _rows[row] = _rows[row] with { Runs = _rows[row].Runs.Add(run) };
    }

    /// <summary>Returns the table as filled so far.</summary>
    public ResultTable ToTable() => new(name, note, columns, averaged, [.. _rows]);
}
