using System.Text.Encodings.Web;
using System.Text.Json;
using DemEngine.Checkpoints;
using DemEngine.Files;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>
/// Writes an adapter as PEFT reads it: <c>adapter_model.safetensors</c> and <c>adapter_config.json</c>, with the run's log beside
/// them. The folder is made under another name and renamed when it is complete.
/// </summary>
internal static class AdapterFolder
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapter_model.safetensors";

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Makes sure that the folder can be written.</summary>
    /// <exception cref="DemException">DEM1002 (OutputExists), DEM1003 (OutputNotOurs): it is there already.</exception>
    public static void Check(string folder, bool overwrite)
    {
        if (!Directory.Exists(folder) && !File.Exists(folder))
            return;
        if (!overwrite)
            throw new DemException(ErrorCode.OutputExists, $"{folder}: it exists already");
        if (!File.Exists(Path.Combine(folder, ConfigName)))
            throw new DemException(ErrorCode.OutputNotOurs, $"{folder}: it is not an adapter");
    }

    /// <summary>Writes the folder.</summary>
    /// <param name="folder">Path of the folder.</param>
    /// <param name="start">Path of the model that the adapter belongs to.</param>
    /// <param name="options">Options of the adaptation.</param>
    /// <param name="tensors">The factors.</param>
    /// <param name="log">The run's log.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public static void Write(string folder, string start, LoraOptions options, IEnumerable<ITensorData> tensors, byte[] log)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string staging = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.dem-adapter");
        try
        {
            if (Directory.Exists(staging))
                Directory.Delete(staging, recursive: true);
            Directory.CreateDirectory(staging);
            SafetensorsWriter.Write(
                Path.Combine(staging, WeightsName), [.. tensors], new Dictionary<string, string> { ["format"] = "pt" });
            ReportFile.Write(Path.Combine(staging, ConfigName), Config(start, options));
            File.WriteAllBytes(Path.Combine(staging, TrainLog.Name), log);
            if (Directory.Exists(full))
                Directory.Delete(full, recursive: true);
            Directory.Move(staging, full);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, folder);
        }
    }

    private static string Config(string start, LoraOptions options) => JsonSerializer.Serialize(
        new
        {
            peft_type = "LORA",
            task_type = "CAUSAL_LM",
            base_model_name_or_path = start,
            r = options.Rank,
            lora_alpha = options.Alpha,
            lora_dropout = 0.0,
            target_modules = options.Targets,
            bias = "none",
            fan_in_fan_out = false,
            use_rslora = false,
            use_dora = false,
            init_lora_weights = true,
            inference_mode = true,
        },
        Json) + "\n";
}
