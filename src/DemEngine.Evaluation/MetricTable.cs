namespace DemEngine.Evaluation;

/// <summary>
/// Reads the tables that evaluation harnesses print, with columns of tasks, filters, metrics, values and standard errors between
/// vertical bars. A row without a task belongs to the task above it. A task whose name is indented belongs to the group above.
/// </summary>
internal static class MetricTable
{
    private static readonly string[] TaskHeaders = ["Tasks", "Task", "Groups", "Group"];

    /// <summary>Reads the metrics of all tables in a text, in order; empty if there is no table.</summary>
    public static IReadOnlyList<PrintedMetric> Read(string text)
    {
        var found = new List<PrintedMetric>();
        Columns? columns = null;
        Stack<(string Name, int Depth)> tasks = [];
        foreach (string line in text.Split('\n'))
        {
            string[]? cells = Cells(line);
            if (cells is null)
            {
                columns = null;
            }
            else if (Columns.Find(cells) is { } header)
            {
                columns = header;
                tasks.Clear();
            }
            else if (columns is not null && cells.Length == columns.Count)
            {
                Enter(cells[columns.Task], tasks);
                if (Row(cells, columns, tasks) is { } metric)
                    found.Add(metric);
            }
        }

        return found;
    }

    /// <summary>Splits a line at its vertical bars; null if it is no line of a table.</summary>
    private static string[]? Cells(string line)
    {
        string trimmed = line.Trim();
        return trimmed.Length > 2 && trimmed[0] == '|' && trimmed[^1] == '|' ? trimmed[1..^1].Split('|') : null;
    }

    private static void Enter(string cell, Stack<(string Name, int Depth)> tasks)
    {
        if (string.IsNullOrWhiteSpace(cell))
            return;
        string name = cell.TrimStart();
        bool isMember = name.StartsWith("- ", StringComparison.Ordinal);
        int depth = isMember ? cell.Length - name.Length + 1 : 0;
        while (tasks.Count > 0 && tasks.Peek().Depth >= depth)
            tasks.Pop();
        tasks.Push(((isMember ? name[2..] : name).Trim(), depth));
    }

    private static PrintedMetric? Row(string[] cells, Columns columns, Stack<(string Name, int Depth)> tasks)
    {
        string metric = cells[columns.Metric].Trim();
        if (metric.Length == 0 || tasks.Count == 0 || NumberText.Read(cells[columns.Value]) is not { } value)
            return null;
        string filter = columns.Filter is { } at ? cells[at].Trim() : "";
        return new PrintedMetric(tasks.Peek().Name, metric, filter.Length > 0 ? filter : null, value)
        {
            StandardError = columns.Error is { } error ? NumberText.Read(cells[error]) : null,
            HigherIsBetter = columns.Arrow is { } arrow ? Direction(cells[arrow].Trim()) : null,
            Group = tasks.Skip(1).Select(task => task.Name).FirstOrDefault(),
        };
    }

    private static bool? Direction(string arrow) => arrow switch
    {
        "↑" => true,
        "↓" => false,
        _ => null,
    };

    /// <summary>Where a table's columns are.</summary>
    private sealed record Columns(int Count, int Task, int? Filter, int Metric, int? Arrow, int Value, int? Error)
    {
        public static Columns? Find(string[] cells)
        {
            string[] names = [.. cells.Select(cell => cell.Trim())];
            int task = Array.FindIndex(names, name => TaskHeaders.Contains(name));
            int metric = Array.IndexOf(names, "Metric");
            int value = Array.IndexOf(names, "Value");
            if (task < 0 || metric < 0 || value < 0)
                return null;
            int filter = Array.IndexOf(names, "Filter");
            int error = Array.FindIndex(names, name => name.StartsWith("Std", StringComparison.OrdinalIgnoreCase));
            int arrow = metric + 1 < names.Length && names[metric + 1].Length == 0 ? metric + 1 : -1;
            return new Columns(names.Length, task, At(filter), metric, At(arrow), value, At(error));
        }

        private static int? At(int index) => index < 0 ? null : index;
    }
}
