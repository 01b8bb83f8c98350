using System.Text.Json.Nodes;
using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Output;

/// <summary>
/// Carries out a plan into one safetensors file, as interfaces for images keep models, in place of a folder. Nothing lies beside
/// it: no configuration, no tokenizer, no manifest. The file has its name once all of it is on disk; a run that was stopped
/// begins anew.
/// </summary>
internal static class SingleFileRun
{
    // Tells a file of this tool from others, which are never replaced.
    private const string MadeBy = "made_by";

    /// <summary>Checks for the errors that a run would report before it begins, and changes nothing.</summary>
    /// <param name="plan">The plan to be carried out.</param>
    /// <param name="path">Path of the file to create.</param>
    /// <param name="overwrite">Whether an existing file of this tool may be replaced.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument), DEM1002 (OutputExists), DEM1003 (OutputNotOurs) or DEM1004 (OutputOverlapsInput).
    /// </exception>
    public static void Check(OutputPlan plan, string path, bool overwrite)
    {
        OneFile.Check(plan, path, ".safetensors", overwrite, IsOurs);
        if (plan.SideFiles.TryGetValue(ModelConfig.FileName, out byte[]? config)
            && JsonObjectFile.TryParse(config)?["quantization_config"] is JsonObject)
            throw OneFile.Refused(path, "the output's form is one that config.json describes, so that it needs a folder");
    }

    /// <summary>Carries out a plan.</summary>
    /// <param name="plan">The plan to carry out.</param>
    /// <param name="path">Path of the file to create.</param>
    /// <param name="backend">Backend that computes the tensors.</param>
    /// <param name="options">Run options.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">Those of <see cref="Check"/>, and any documented error of a run.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static RunReport Execute(
        OutputPlan plan,
        string path,
        IMergeBackend backend,
        RunOptions options,
        Action<RunProgress>? progress,
        CancellationToken cancel)
    {
        Check(plan, path, options.Overwrite);
        path = Path.GetFullPath(path);
        var layout = ShardLayout.Plan(plan.Layout.Tensors.Select(place => place.Spec), long.MaxValue, MetadataOf(plan));
        RunReport report = OneFile.Run(
            plan, path, layout.Shards[0].Length, backend, options, progress, cancel,
            (file, write) => new FileSink(file, write, layout));
        return report with
        {
            Remarks =
            [
                .. report.Remarks,
                .. plan.SideFiles.Count == 0
                    ? (string[])[]
                    : [$"a single file has nothing beside it; not written: {Quoted.List([.. plan.SideFiles.Keys])}"],
            ],
        };
    }

    /// <summary>
    /// The free text in the header of the model that the output takes the place of, the base or else the first.
    /// </summary>
    private static Dictionary<string, string> MetadataOf(OutputPlan plan)
    {
        string? name = (plan.Inputs.FirstOrDefault(input => input.Role == "base") ?? plan.Inputs.FirstOrDefault())?.Path;
        Checkpoint? model = plan.Checkpoints.FirstOrDefault(checkpoint => checkpoint.Path == name)
            ?? plan.Checkpoints.FirstOrDefault();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (model is { IsDecoded: false })
        {
            foreach (var (key, value) in model.Metadata)
                metadata.Add(key, value);
        }

        metadata[MadeBy] = Manifest.ThisEngine;
        return metadata;
    }

    private static bool IsOurs(Checkpoint file) => file.Metadata.TryGetValue(MadeBy, out string? engine)
        && engine.Split(' ')[0] == Manifest.ThisEngine.Split(' ')[0];

    /// <summary>Writes tensors at their places.</summary>
    /// <param name="file">The file.</param>
    /// <param name="write">Writes bytes of tensors.</param>
    /// <param name="layout">Layout of one shard.</param>
    private sealed class FileSink(OutputFile file, OneFile.WriteAt write, ShardLayout layout) : IModelSink
    {
        private readonly Dictionary<string, long> _places = layout.Tensors
            .ToDictionary(place => place.Spec.Name, place => place.Offset, StringComparer.Ordinal);

        public void Begin(IReadOnlyList<TensorSpec> tensors)
        {
            file.Reserve(layout.Shards[0].Length);
            file.Write(layout.Shards[0].Header.Span, 0);
        }

        public void Write(TensorSpec tensor, long offset, ReadOnlySpan<byte> bytes) =>
            write(bytes, _places[tensor.Name] + offset);

        public void Complete(IReadOnlyDictionary<string, byte[]> sideFiles)
        {
            // There is nothing beside the file.
        }
    }
}
