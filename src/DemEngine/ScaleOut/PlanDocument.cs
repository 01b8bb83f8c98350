using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Recipes;

namespace DemEngine.ScaleOut;

/// <summary>A model that a plan reads.</summary>
/// <param name="Path">Path of its folder or file.</param>
/// <param name="Files">Hash of the lengths of its files, and of the versions of those in a store.</param>
/// <param name="Times">Hash of the times of its files, which need not be the same on each machine.</param>
/// <param name="Beside">Hash of its configuration and tokenizer.</param>
internal sealed record PlannedModel(string Path, string Files, string Times, string Beside);

/// <summary>A shard of the output.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Bytes">Length of the file in bytes.</param>
/// <param name="Header">Hash of the bytes before the tensors; see <see cref="ContentHash"/>.</param>
internal sealed record PlannedFile(string File, long Bytes, string Header);

/// <summary>The contents of a plan's file, all that the parts of a merge have to agree on.</summary>
/// <param name="DemPlan">Version of the form, <see cref="Schema"/>.</param>
/// <param name="Engine">Name and version of the engine, since only one version has to give the same bytes.</param>
/// <param name="Id">Hash over all that decides the output.</param>
/// <param name="Recipe">The recipe as it was read.</param>
/// <param name="Output">Full path of the output.</param>
/// <param name="Options">Options that decide what the output is.</param>
/// <param name="Inputs">Inputs with their fingerprints.</param>
/// <param name="Models">The models that are read.</param>
/// <param name="Shards">Shards of the output.</param>
/// <param name="Parts">The parts.</param>
internal sealed partial record PlanDocument(
    int DemPlan,
    string Engine,
    string Id,
    RecipeSource Recipe,
    string Output,
    PlannedOptions Options,
    IReadOnlyList<ManifestInput> Inputs,
    IReadOnlyList<PlannedModel> Models,
    IReadOnlyList<PlannedFile> Shards,
    IReadOnlyList<PlannedPart> Parts)
{
    /// <summary>Version of the form.</summary>
    public const int Schema = 2;

    private const int MostBytes = 1 << 28;

    /// <summary>Reads a plan.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="DemException">
    /// DEM1032 (BadPlan): it is not a plan, or one of another version. DEM2089 (NoPlan): there is none.
    /// </exception>
    public static PlanDocument Read(string path)
    {
        PlanDocument? plan;
        if (path.Length == 0)
            throw new DemException(ErrorCode.NoPlan, "the path of the plan is empty");
        try
        {
            if (LinuxFile.IsSpecial(path))
                throw Bad(path, "this is a pipe, a socket or a device, and no file");
            if (Directory.Exists(path))
                throw Bad(path, "this is a folder; a plan is a file");
            if (new FileInfo(path) is { Exists: true, Length: > MostBytes })
                throw Bad(path, "not a plan");
            byte[] json = File.ReadAllBytes(path);

            // Whoever gives a recipe does not want to hear which letters may begin a value of JSON.
            if (json.AsSpan().TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
                throw Bad(path, "not a plan: it is no JSON object");
            StrictJson.CheckText(json);
            plan = JsonSerializer.Deserialize(json, PlanJson.Default.PlanDocument);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DemException(ErrorCode.NoPlan, $"{path}: there is no such file", e) { Path = path };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Bad(path, JsonFault.Describe(e), e);
        }

        if (plan is { DemPlan: > 0 and not Schema })
            throw Bad(path, $"the plan has version {plan.DemPlan} of the form, and this engine reads {Schema}");
        return IsWhole(plan) ? plan : throw Bad(path, "not a plan");
    }

    /// <summary>Writes the plan, whole or not at all.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public void Write(string path) => OutputFile.Replace(
        path,
        file => file.Write([.. JsonSerializer.SerializeToUtf8Bytes(this, PlanJson.Default.PlanDocument), (byte)'\n'], 0));

    private static bool IsWhole([NotNullWhen(true)] PlanDocument? plan) =>
        plan is
        {
            DemPlan: Schema, Engine: not null, Id: not null, Output: not null, Options: { MaxShardBytes: > 0 },
            Recipe: { Text: not null, Name: not null, Folder: not null, Here: not null },
            Inputs: not null, Models: not null, Shards: not null, Parts: { Count: > 0 },
        }
        && Path.IsPathFullyQualified(plan.Output)
        && Path.GetDirectoryName(plan.Output) is not null
        && Path.IsPathFullyQualified(plan.Recipe.Folder)
        && Path.IsPathFullyQualified(plan.Recipe.Here)
        && plan.Inputs.All(input => input is { Role: not null, Path: not null, Fingerprint: not null })
        && plan.Models.All(model => model is { Path: not null, Files: not null, Times: not null, Beside: not null })
        && plan.Shards.All(shard => shard is { File: not null, Header: not null })
        && plan.Parts.All(part => part is not null)
        && PathsOf(plan).All(path => !path.Contains('\0', StringComparison.Ordinal));

    private static IEnumerable<string> PathsOf(PlanDocument plan) =>
    [
        plan.Output, plan.Recipe.Name, plan.Recipe.Folder, plan.Recipe.Here, .. plan.Models.Select(model => model.Path),
        .. plan.Shards.Select(shard => shard.File),
    ];

    private static DemException Bad(string path, string why, Exception? inner = null) =>
        new(ErrorCode.BadPlan, $"{path}: {why}", inner) { Path = path };

    [JsonSourceGenerationOptions(
        WriteIndented = true,
        PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
        UseStringEnumConverter = true)]
    [JsonSerializable(typeof(PlanDocument))]
    private sealed partial class PlanJson : JsonSerializerContext;
}
