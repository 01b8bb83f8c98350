using System.Collections.Immutable;
using DemEngine.Evaluation;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>A table that is filled seed by seed, its rows in the order in which they first come.</summary>
/// <param name="name">Its heading.</param>
/// <param name="note">What there is to know when reading it.</param>
/// <param name="columns">Test sets.</param>
/// <param name="averaged">How many of them, from the first, the mean is over.</param>
internal sealed class Findings(string name, string note, ImmutableArray<string> columns, int averaged)
{
    private readonly List<MethodResult> _rows = [];

    /// <summary>Notes what a method reached with one seed.</summary>
    /// <param name="method">Its name.</param>
    /// <param name="description">What was done.</param>
    /// <param name="kind">What sort it is.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="scores">On the test sets.</param>
    /// <param name="cost">What it took.</param>
    /// <param name="chosen">What was chosen on validation data.</param>
    public void Add(string method, string description, MethodKind kind, long seed, ModelScores scores, MethodCost cost, string? chosen = null)
    {
        ImmutableArray<double> Values(Metric metric) => [.. columns.Select(column => scores[column, metric])];
        var run = new MethodRun(seed, Values(Metric.ExactMatch), Values(Metric.Loss), cost, chosen);
        int row = _rows.FindIndex(one => one.Name == method);
        if (row < 0)
            _rows.Add(new MethodResult(method, description, kind, [run]));
        else
            _rows[row] = _rows[row] with { Runs = _rows[row].Runs.Add(run) };
    }

    /// <summary>The table.</summary>
    public ResultTable ToTable() => new(name, note, columns, averaged, [.. _rows]);
}
