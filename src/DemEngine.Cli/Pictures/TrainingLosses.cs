using System.Text.Json;

namespace DemEngine.Cli.Pictures;

/// <summary>The losses in a training's log.</summary>
/// <param name="Training">Mean loss of each step's batch.</param>
/// <param name="Validation">Validation losses.</param>
internal sealed record TrainingLosses(
    IReadOnlyList<(double Step, double Loss)> Training, IReadOnlyList<(double Step, double Loss)> Validation)
{
    /// <summary>Reads the lines of a log, <c>train.jsonl</c>.</summary>
    public static TrainingLosses Of(IEnumerable<string> lines)
    {
        var losses = new List<(double, double)>();
        var validations = new List<(double, double)>();
        foreach (string line in lines)
        {
            using var json = JsonDocument.Parse(line);
            double step = json.RootElement.GetProperty("step").GetDouble();
            if (json.RootElement.TryGetProperty("loss", out JsonElement loss))
                losses.Add((step, loss.GetDouble()));
            if (json.RootElement.TryGetProperty("valid_loss", out JsonElement valid))
                validations.Add((step, valid.GetDouble()));
        }

        return new TrainingLosses(losses, validations);
    }

    /// <summary>The training losses as means over equally many steps.</summary>
    /// <param name="points">Number of means at most.</param>
    public (double Step, double Loss)[] Means(int points) =>
    [
        .. Training.Chunk(Math.Max(1, (Training.Count + points - 1) / points))
            .Select(part => (part.Average(one => one.Step), part.Average(one => one.Loss))),
    ];
}
