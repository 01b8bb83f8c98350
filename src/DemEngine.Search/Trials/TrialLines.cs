using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// Reads and writes the lines of <c>trials.jsonl</c>: one for each trial, and one before the first trial of a problem that says
/// which problem it is.
/// </summary>
internal static class TrialLines
{
    private const string Ok = "ok";
    private const string Failed = "failed";

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(SearchProblem problem) => Write(json =>
    {
        json.WriteStartObject("problem");
        json.WriteString("setting", problem.Setting.Hash);
        json.WriteString("method", problem.Setting.Name);
        json.WriteString("judge", problem.Judge.Hash);
        json.WriteString("metric", problem.Judge.Name);
        Write(json, "sources", problem.Sources);
        Write(json, "sets", problem.Sets);
        json.WriteEndObject();
    });

    /// <param name="sources">Names of the sources, in the order of the trial's coefficients.</param>
    /// <param name="trial">Trial to write.</param>
    public static byte[] Write(IEnumerable<string> sources, Trial trial) => Write(json =>
    {
        json.WriteString("status", trial.Succeeded ? Ok : Failed);
        if (trial.Succeeded)
            json.WriteNumber("objective", trial.Objective);
        json.WriteStartObject("coefficients");
        foreach (var (source, values) in sources.Zip(trial.Coefficients.BySource))
        {
            json.WritePropertyName(source);
            if (values.Length > 1)
                json.WriteStartArray();
            foreach (double value in values)
                json.WriteNumberValue(value);
            if (values.Length > 1)
                json.WriteEndArray();
        }

        json.WriteEndObject();
        if (trial.Succeeded)
        {
            json.WriteStartObject("metrics");
            foreach (SetScore score in trial.Scores)
                json.WriteNumber(score.Set, score.Value);
            json.WriteEndObject();
        }

        json.WriteNumber("seconds", Math.Round(trial.Seconds, 6));
        json.WriteNumber("merge_seconds", Math.Round(trial.MergeSeconds, 6));
        if (trial.Error is { } error)
            json.WriteString("error", error);
    });

    /// <summary>Reads the problem that a line announces; null if it is the line of a trial.</summary>
    /// <exception cref="Exception">The line is not a valid one; the type of the exception varies.</exception>
    public static SearchProblem? ReadProblem(JsonElement line)
    {
        if (!line.TryGetProperty("problem", out JsonElement problem))
            return null;
        return new SearchProblem(
            new Identity(Text(problem, "method"), Text(problem, "setting")),
            ReadIdentities(problem, "sources"),
            new Identity(Text(problem, "metric"), Text(problem, "judge")),
            ReadIdentities(problem, "sets"),
            ZeroIsAbsent: false);
    }

    /// <summary>Reads the trial of a line, without its objective.</summary>
    /// <param name="line">JSON object of the line.</param>
    /// <param name="sources">Names of the problem's sources.</param>
    /// <exception cref="Exception">The line is not a valid one; the type of the exception varies.</exception>
    public static Trial ReadTrial(JsonElement line, IEnumerable<string> sources)
    {
        JsonElement coefficients = line.GetProperty("coefficients");
        bool isOk = Text(line, "status") == Ok;
        return new Trial(
            new Coefficients(sources.Select(source =>
                coefficients.GetProperty(source) is { ValueKind: JsonValueKind.Array } several
                    ? several.EnumerateArray().Select(value => value.GetDouble()).ToArray()
                    : [coefficients.GetProperty(source).GetDouble()])),
            isOk
                ? [
                    .. line.GetProperty("metrics").EnumerateObject().Select(metric =>
                        new SetScore(metric.Name, metric.Value.GetDouble())),
                ]
                : [],
            double.NaN,
            line.GetProperty("seconds").GetDouble(),
            line.GetProperty("merge_seconds").GetDouble(),
            isOk ? null : Text(line, "error"));
    }

    private static ImmutableArray<Identity> ReadIdentities(JsonElement problem, string key) =>
        [.. problem.GetProperty(key).EnumerateObject().Select(pair => new Identity(pair.Name, pair.Value.GetString()!))];

    private static string Text(JsonElement line, string key) => line.GetProperty(key).GetString()!;

    private static void Write(Utf8JsonWriter json, string key, ImmutableArray<Identity> identities)
    {
        json.WriteStartObject(key);
        foreach (Identity identity in identities)
            json.WriteString(identity.Name, identity.Hash);
        json.WriteEndObject();
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, Relaxed))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        return line.ToArray();
    }
}
