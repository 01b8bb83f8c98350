using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Lab.Experiment.Results;

/// <summary><see cref="ExperimentResults"/> as a file of JSON.</summary>
public static class ResultsFile
{
    /// <summary>Its name in an experiment's folder.</summary>
    public const string FileName = "experiment.json";

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <exception cref="DemException">DEM4001, DEM4002.</exception>
    public static void Write(string path, ExperimentResults results) =>
        ReportFile.Write(path, JsonSerializer.Serialize(results, ResultsJson.Default.ExperimentResults) + "\n");

    /// <summary>Reads a file.</summary>
    /// <exception cref="DemException">DEM2131: it is not there, or not such a file.</exception>
    public static ExperimentResults Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ResultsJson.Default.ExperimentResults) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.BadResults, $"{path}: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new DemException(ErrorCode.BadResults, $"{path}: {JsonFault.Describe(e)}", e);
        }
    }
}

/// <summary>How results are written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ExperimentResults))]
internal sealed partial class ResultsJson : JsonSerializerContext;
