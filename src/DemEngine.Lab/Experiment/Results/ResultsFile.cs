using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Lab.Experiment.Results;

/// <summary>Reads and writes <see cref="ExperimentResults"/> as a JSON file.</summary>
public static class ResultsFile
{
    /// <summary>Name of the file in an experiment's folder.</summary>
    public const string FileName = "experiment.json";

    /// <summary>Writes the file, completely or not at all.</summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public static void Write(string path, ExperimentResults results) =>
        ReportFile.Write(path, JsonSerializer.Serialize(results, ResultsJson.Default.ExperimentResults) + "\n");

    /// <summary>Reads the results from a file.</summary>
    /// <exception cref="DemException">DEM2131 (BadResults): the file does not exist or is not a results file.</exception>
    public static ExperimentResults Read(string path)
    {
        try
        {
            byte[] json = File.ReadAllBytes(path);
            StrictJson.CheckText(json);
            CheckItems(json);
            return JsonSerializer.Deserialize(json, ResultsJson.Default.ExperimentResults)
                ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadResults, $"{path}: {FileFault.Describe(e)}", e);
        }
        catch (JsonException e)
        {
            throw new DemException(ErrorCode.BadResults, $"{path}: {JsonFault.Describe(e)}", e);
        }
    }

    // The serialiser refuses null for a property that is never null, and lets it through as an item of a list.
    private static void CheckItems(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var isList = new Stack<bool>();
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                isList.Push(reader.TokenType == JsonTokenType.StartArray);
            else if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                isList.Pop();
            else if (reader.TokenType == JsonTokenType.Null && isList.TryPeek(out bool inList) && inList)
                throw new JsonException("an item of a list is null");
        }
    }
}

/// <summary>JSON serialisation of the results.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExperimentResults))]
internal sealed partial class ResultsJson : JsonSerializerContext;
