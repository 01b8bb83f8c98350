using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Report;

/// <summary>
/// Finds the method that is better than every other in a column of a table, by more than chance explains: by more than the
/// standard error of the difference to the second. With several seeds that of a mean follows from its deviation; with one
/// seed that of exact match follows from the number of exercises, and that of losses is not known. A column that nobody
/// learnt has no best method.
/// </summary>
/// <param name="table">Table of the methods.</param>
/// <param name="results">Results that the table belongs to.</param>
internal sealed class ColumnLead(ResultTable table, ExperimentResults results)
{
    // Below this share of right answers of the best method a column counts as one that nobody learnt.
    private const double Learnt = 0.05;

    /// <summary>Finds the row that is best by exact match; null if none is beyond chance.</summary>
    /// <param name="column">Index of the column as it is shown: the mean follows the columns that it is taken over.</param>
    public int? OfExactMatch(int column) => Find(column, run => [.. run.ExactMatch], 1, exercises: Exercises(column));

    /// <summary>Finds the row that is best by loss; null if none is beyond chance.</summary>
    /// <param name="column">Index of the column as it is shown.</param>
    public int? OfLoss(int column) => Find(column, run => [.. run.Loss], -1, exercises: null);

    /// <summary>Standard error of the mean of a method's runs; NaN if it is not known.</summary>
    /// <param name="values">Values of the runs.</param>
    /// <param name="exercises">Number of exercises that a value is a share of; null if it is no share.</param>
    public static double StandardError(IReadOnlyList<double> values, int? exercises)
    {
        var spread = Spread.Of(values);
        if (values.Count > 1)
            return spread.Deviation / Math.Sqrt(values.Count);

        // One more of each answer keeps the error of 0 of n and n of n from being 0.
        return exercises is { } n && (spread.Mean * n) + 1 is var right
            ? Math.Sqrt(right * (n + 2 - right) / (n + 2) / (n + 2) / (n + 2))
            : double.NaN;
    }

    private int? Find(int column, Func<MethodRun, double[]> values, int sign, int? exercises)
    {
        double[][] runs = [.. table.Rows.Select(row => row.Runs.Select(run => Value(values(run), column)).ToArray())];
        if (runs.Length < 2 || !table.Rows.Any(row => row.Runs.Average(run => Value([.. run.ExactMatch], column)) >= Learnt))
            return null;
        int[] order = [.. Enumerable.Range(0, runs.Length).OrderByDescending(row => sign * runs[row].Average())];
        double lead = sign * (runs[order[0]].Average() - runs[order[1]].Average());
        double error = Math.Sqrt(
            Math.Pow(StandardError(runs[order[0]], exercises), 2) + Math.Pow(StandardError(runs[order[1]], exercises), 2));
        return lead > error ? order[0] : null;
    }

    private double Value(double[] values, int column) =>
        column < table.Averaged ? values[column]
        : column == table.Averaged ? values[..table.Averaged].Average()
        : values[column - 1];

    private int Exercises(int column)
    {
        int Of(string name) => results.Sources.FirstOrDefault(source => source.Name == name)?.TestExamples ?? 1;
        return column < table.Averaged ? Of(table.Columns[column])
            : column == table.Averaged ? table.Columns.Take(table.Averaged).Sum(Of)
            : Of(table.Columns[column - 1]);
    }
}
