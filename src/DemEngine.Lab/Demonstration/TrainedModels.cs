using System.Text.Json;
using DemEngine.Files;
using DemEngine.Lab.Experiment.Running;

namespace DemEngine.Lab.Demonstration;

/// <summary>Supplies an experiment with the models that an earlier run of it trained, so that nothing is trained.</summary>
/// <param name="open">
/// Function that opens, for a model named <c>base</c>, <c>base.safetensors</c> with its weights and <c>base.json</c> with the
/// report of its training; null where the file does not exist.
/// </param>
internal sealed class TrainedModels(Func<string, Stream?> open) : IFineTuner
{
    /// <inheritdoc/>
    public string Description => "trained before";

    /// <inheritdoc/>
    public TuningReport Tune(TuningRequest request, Action<double, string>? progress, CancellationToken cancel)
    {
        string name = Path.GetFileName(request.Output);
        try
        {
            Directory.CreateDirectory(request.Output);
            File.Copy(request.Config, Path.Combine(request.Output, Path.GetFileName(request.Config)), overwrite: true);
            using Stream weights = Open($"{name}.safetensors");
            using FileStream file = File.Create(Path.Combine(request.Output, "model.safetensors"));
            weights.CopyTo(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteError.From(e, request.Output);
        }

        using Stream report = Open($"{name}.json");
        return JsonSerializer.Deserialize(report, StageJson.Default.TuningReport)!;
    }

    private Stream Open(string name) => open(name) ?? throw new ArgumentException($"there is no {name}", nameof(name));
}
