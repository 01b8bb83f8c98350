using System.Text;
using System.Text.Json;
using DemEngine.Files;

namespace DemEngine.Cli.Pictures;

/// <summary>The losses in a training's log.</summary>
/// <param name="Training">Mean loss of each step's batch.</param>
/// <param name="Validation">Validation losses.</param>
internal sealed record TrainingLosses(
    IReadOnlyList<(double Step, double Loss)> Training, IReadOnlyList<(double Step, double Loss)> Validation)
{
    /// <summary>
    /// Reads the lines of a log, <c>train.jsonl</c>. A line that was damaged since is left out: the model that it belongs to is
    /// there, and only its picture lacks a point.
    /// </summary>
    public static TrainingLosses Of(IEnumerable<string> lines)
    {
        var losses = new List<(double, double)>();
        var validations = new List<(double, double)>();
        foreach (string line in lines)
        {
            if (Parse(line) is not { } json || Number(json, "step") is not { } step)
                continue;
            if (Number(json, "loss") is { } loss)
                losses.Add((step, loss));
            if (Number(json, "valid_loss") is { } valid)
                validations.Add((step, valid));
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

    private static JsonElement? Parse(string line)
    {
        try
        {
            using JsonDocument json = StrictJson.ParseDocument(Encoding.UTF8.GetBytes(line));
            return json.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Far beyond any loss or number of steps, a picture of it has no scale.
    private static double? Number(JsonElement line, string name) =>
        line.ValueKind == JsonValueKind.Object
        && line.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.Number
        && Math.Abs(value.GetDouble()) < 1e15
            ? value.GetDouble()
            : null;
}
