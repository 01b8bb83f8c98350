using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Checkpoints;
using DemEngine.Files;

namespace DemEngine.Sweeps;

/// <summary>
/// Writes which merge lies in which folder of a sweep: <c>sweep.json</c> for programs, <c>sweep.csv</c> for spreadsheets. Merges
/// that an earlier sweep left in the same folder stay in the table for as long as they are there.
/// </summary>
internal static class SweepTable
{
    public const string JsonFileName = "sweep.json";
    public const string CsvFileName = "sweep.csv";

    /// <summary>Writes both files.</summary>
    /// <param name="folder">Folder that holds the merges' folders.</param>
    /// <param name="candidates">Merges of this sweep.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): a file cannot be written.</exception>
    public static void Write(string folder, IReadOnlyList<SweepCandidate> candidates)
    {
        string json = Path.Combine(folder, JsonFileName);
        HashSet<string> own = [.. candidates.Select(candidate => candidate.Name)];
        JsonObject[] merges =
        [
            .. Earlier(json).Where(merge => NameOf(merge) is { } name && !own.Contains(name) && IsThere(folder, name)),
            .. candidates.Select(candidate => new JsonObject
            {
                ["folder"] = candidate.Name,
                ["parameters"] = new JsonObject(candidate.Settings.Select(setting =>
                    KeyValuePair.Create(setting.Name, (JsonNode?)JsonValue.Create(setting.Value)))),
            }),
        ];
        string csv = Csv(merges);
        var root = new JsonObject { ["schema"] = 1, ["merges"] = new JsonArray([.. merges]) };
        ReportFile.Write(json, Encoding.UTF8.GetString(IndentedJson.Write(root)));
        ReportFile.Write(Path.Combine(folder, CsvFileName), csv);
    }

    private static string Csv(JsonObject[] merges)
    {
        string[] parameters =
        [
            .. merges.SelectMany(merge => merge["parameters"]!.AsObject()).Select(pair => pair.Key).Distinct(),
        ];
        var csv = new StringBuilder().AppendJoin(',', parameters.Prepend("folder")).Append("\r\n");
        foreach (JsonObject merge in merges)
            csv.AppendJoin(',', parameters.Select(name => Number(merge["parameters"]![name])).Prepend(NameOf(merge)))
                .Append("\r\n");
        return csv.ToString();
    }

    private static string Number(JsonNode? value) => value is null
        ? ""
        : value.GetValue<decimal>().ToString("0.############################", CultureInfo.InvariantCulture);

    private static string? NameOf(JsonObject merge) => merge["folder"]!.GetValue<string>();

    private static bool IsThere(string folder, string name) => File.Exists(Path.Combine(folder, name, Manifest.FileName));

    /// <summary>The merges that an earlier sweep's table lists; none where it cannot be read.</summary>
    private static JsonObject[] Earlier(string path)
    {
        if (!File.Exists(path) || JsonObjectFile.TryParse(File.ReadAllBytes(path))?["merges"] is not JsonArray merges)
            return [];
        return
        [
            .. merges.Where(IsEntry).Select(merge => (JsonObject)merge!.DeepClone()),
        ];
    }

    private static bool IsEntry(JsonNode? merge) =>
        merge is JsonObject entry
        && entry["folder"]?.GetValueKind() == JsonValueKind.String
        && entry["parameters"] is JsonObject parameters
        && parameters.All(pair => pair.Value is JsonValue value && value.TryGetValue(out decimal _));
}
