using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using DemEngine.Evaluation;
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
        json.WriteNumber("trial", trial.Number);
        json.WriteString("status", trial.Succeeded ? Ok : Failed);
        if (trial.Succeeded)
            json.WriteNumber("objective", trial.Objective);
        Write(json, sources, trial.Coefficients);
        if (trial.Succeeded)
        {
            json.WriteStartObject("metrics");
            foreach (SetScore score in trial.Scores)
                json.WriteNumber(score.Set, score.Value);
            json.WriteEndObject();
            if (trial.HigherIsBetter is { } isHigher)
                json.WriteBoolean("higher_is_better", isHigher);
            if (trial.Slopes.Length > 0)
                Write(json, sources, trial.Slopes);
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

    /// <summary>Reads the trial of a line, without its objective; its number is 0 if the line has none.</summary>
    /// <param name="line">JSON object of the line.</param>
    /// <param name="sources">Names of the problem's sources.</param>
    /// <exception cref="Exception">The line is not a valid one; the type of the exception varies.</exception>
    public static Trial ReadTrial(JsonElement line, IEnumerable<string> sources)
    {
        bool isOk = Text(line, "status") == Ok;
        string[] names = [.. sources];
        return new Trial(
            ReadCoefficients(line, names),
            isOk
                ? [
                    .. line.GetProperty("metrics").EnumerateObject().Select(metric =>
                        new SetScore(metric.Name, metric.Value.GetDouble())),
                ]
                : [],
            double.NaN,
            line.GetProperty("seconds").GetDouble(),
            line.GetProperty("merge_seconds").GetDouble(),
            isOk ? null : Text(line, "error"))
        {
            Number = line.TryGetProperty("trial", out JsonElement number) ? number.GetInt32() : 0,
            HigherIsBetter = line.TryGetProperty("higher_is_better", out JsonElement isHigher) ? isHigher.GetBoolean() : null,
            Slopes = line.TryGetProperty("slopes", out JsonElement slopes) ? ReadSlopes(slopes, names) : [],
        };
    }

    /// <summary>Writes a line of the file of trials that were handed out.</summary>
    public static byte[] Write(IEnumerable<string> sources, AskedTrial asked) => Write(json =>
    {
        json.WriteNumber("trial", asked.Number);
        Write(json, sources, asked.Coefficients);
        json.WriteString("recipe", asked.Recipe);
        json.WriteString("objective", asked.Objective.Kind.ToString());
        if (!asked.Objective.Metric.DirectionIsAssumed)
            json.WriteBoolean("higher_is_better", asked.Objective.Metric.HigherIsBetter);
        json.WriteStartObject("set_weights");
        foreach (var (set, weight) in asked.Objective.Weights)
            json.WriteNumber(set, weight);
        json.WriteEndObject();
    });

    /// <summary>Reads a line of the file of trials that were handed out.</summary>
    /// <param name="line">JSON object of the line.</param>
    /// <param name="problem">Problem that the trial belongs to.</param>
    /// <exception cref="Exception">The line is not a valid one; the type of the exception varies.</exception>
    public static AskedTrial ReadAsked(JsonElement line, SearchProblem problem)
    {
        Metric metric = line.TryGetProperty("higher_is_better", out JsonElement isHigher)
            ? new Metric(problem.Judge.Name, isHigher.GetBoolean())
            : Metric.Parse(problem.Judge.Name);
        return new AskedTrial(
            line.GetProperty("trial").GetInt32(),
            ReadCoefficients(line, problem.Sources.Select(source => source.Name)),
            Text(line, "recipe"),
            new Objective(
                Enum.Parse<ObjectiveKind>(Text(line, "objective")),
                metric,
                line.GetProperty("set_weights").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetDouble())));
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<string> sources, ImmutableArray<SetSlopes> slopes)
    {
        json.WriteStartObject("slopes");
        foreach (SetSlopes set in slopes)
        {
            json.WriteStartObject(set.Set);
            foreach (var (source, values) in sources.Zip(set.BySource))
            {
                json.WriteStartArray(source);
                foreach (double value in values)
                    json.WriteNumberValue(value);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static ImmutableArray<SetSlopes> ReadSlopes(JsonElement slopes, string[] sources) =>
    [
        .. slopes.EnumerateObject().Select(set => new SetSlopes(
            set.Name,
            [
                .. sources.Select(source => set.Value.GetProperty(source).EnumerateArray()
                    .Select(value => value.GetDouble())
                    .ToImmutableArray()),
            ])),
    ];

    private static Coefficients ReadCoefficients(JsonElement line, IEnumerable<string> sources)
    {
        JsonElement coefficients = line.GetProperty("coefficients");
        return new Coefficients(sources.Select(source =>
            coefficients.GetProperty(source) is { ValueKind: JsonValueKind.Array } several
                ? several.EnumerateArray().Select(value => value.GetDouble()).ToArray()
                : [coefficients.GetProperty(source).GetDouble()]));
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<string> sources, Coefficients coefficients)
    {
        json.WriteStartObject("coefficients");
        foreach (var (source, values) in sources.Zip(coefficients.BySource))
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
