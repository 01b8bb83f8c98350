using System.Text.Json;
using DemEngine.Adapters;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;
using DemEngine.Training.Models;
using DemEngine.Training.Reports;
using DemEngine.Training.Settings;

namespace DemEngine.Training.Runs;

/// <summary>
/// Trains a model into a folder. A run that was interrupted, at whatever moment, is continued by the next call for the same run,
/// and gives the same bytes as without the interruption. Nothing appears under the output's name until it is complete.
/// </summary>
public static class TrainingRun
{
    /// <summary>Starts a run, or continues an interrupted one.</summary>
    /// <param name="job">Inputs and options of the run.</param>
    /// <param name="output">
    /// Path of the folder to create, with the weights of the minimum validation loss, the side files, the log and a manifest; or
    /// of an adapter, with its factors, its configuration and the log.
    /// </param>
    /// <param name="saveEvery">
    /// Number of steps between saves of the state; it is also saved when the run is cancelled.
    /// </param>
    /// <param name="options">
    /// Run options, of which these are used: shard size, overwriting, and whether an interrupted run is to be discarded.
    /// </param>
    /// <param name="progress">Progress callback; called after each step.</param>
    /// <param name="cancel">Token that stops the run between steps; the next call for the same run continues it.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument) to DEM1004 (OutputOverlapsInput), DEM1021 (TorchNotLoaded), DEM1022 (NoTorchDevice); DEM1007
    /// (ResumeMismatch): another run for this output was interrupted; DEM1008 (OutputBusy): another process runs it; DEM4001
    /// (DiskFull), DEM4002 (WriteFailed); DEM4201 (TrainingDiverged): a loss is not finite, and the output is made of the best
    /// weights before, if any are better than the initial ones; DEM4202 (BadTrainingState).
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public static TrainingReport Execute(
        TrainingJob job,
        string output,
        long saveEvery,
        RunOptions options,
        Action<TrainingProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(saveEvery, 1);
        string identity = Identity(job);
        RunOptions publishing = options with { Unfinished = UnfinishedRun.Restart, NonFinite = NonFinitePolicy.Fail };
        if (job.WritesAdapter)
            AdapterFolder.Check(output, options.Overwrite);
        else
            OutputRun.Check(Plan(job, Tensors(job.Start), identity, [], options), output, publishing);

        using RunFolder folder = RunFolder.Open(output, identity, options.Unfinished == UnfinishedRun.Restart);
        using var session = new TrainingSession(job.Start, job.Data, job.Validation, job.Options);
        long length = File.Exists(folder.State) ? StateFile.Read(folder.State, session) : 0;
        using var log = new TrainLog(folder.Log, length, session.State.Step + 1);
        var meter = new ProgressMeter(job.Options.Steps, session.State);
        try
        {
            Train(session, log, folder, saveEvery, step => progress?.Invoke(meter.At(step, session.State)), cancel);
        }
        catch (DemException e) when (e.Code == ErrorCode.TrainingDiverged)
        {
            string kept = "the weights it started from are still the best";
            if (session.State.BestStep > 0)
            {
                Publish(job, session, log, folder, identity, output, publishing);
                kept = $"{output} has the best weights before that, of step {session.State.BestStep}";
            }

            throw new DemException(e.Code, $"{e.Message}; {kept}", e);
        }

        TrainingReport report = session.Report(meter.Seconds);
        Publish(job, session, log, folder, identity, output, publishing);
        return report;
    }

    private static void Train(
        TrainingSession session,
        TrainLog log,
        RunFolder folder,
        long saveEvery,
        Action<TrainingStep> progress,
        CancellationToken cancel)
    {
        void Save() => StateFile.Write(folder.State, session.State, log.Sync(), session.Vectors);

        while (!session.IsFinished)
        {
            if (cancel.IsCancellationRequested)
            {
                Save();
                cancel.ThrowIfCancellationRequested();
            }

            TrainingStep step = session.Advance();
            log.Append(step);
            progress(step);
            if (step.Number % saveEvery == 0 || session.IsFinished)
                Save();
        }
    }

    private static void Publish(
        TrainingJob job,
        TrainingSession session,
        TrainLog log,
        RunFolder folder,
        string identity,
        string output,
        RunOptions options)
    {
        log.Sync();
        log.Dispose();
        if (job.WritesAdapter)
        {
            LoraOptions lora = job.Options.Lora!;
            AdapterFolder.Write(
                output,
                new AdapterSettings(Path.GetFullPath(job.Inputs[0].Path), lora.Rank, lora.Alpha, [.. lora.Targets]),
                session.BestFactors,
                new Dictionary<string, byte[]> { [TrainLog.Name] = ReadLog(folder.Log) });
            folder.Delete();
            return;
        }

        using var backend = new CpuBackend();
        OutputRun.Execute(Plan(job, session.BestTensors, identity, ReadLog(folder.Log), options), output, backend, options);
        folder.Delete();
    }

    private static IEnumerable<ITensorData> Tensors(TorchModel model) =>
        model.Tensors.Select(tensor => model.Find(tensor.Name)!);

    private static OutputPlan Plan(
        TrainingJob job, IEnumerable<ITensorData> tensors, string identity, byte[] log, RunOptions options)
    {
        var files = new Dictionary<string, byte[]>(job.SideFiles, StringComparer.Ordinal) { [TrainLog.Name] = log };
        return job.Start.Plan(tensors, identity, job.Inputs, job.Options.Type, files, options.MaxShardBytes);
    }

    private static byte[] ReadLog(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.ReadFailed, $"{path}: {e.Message}", e);
        }
    }

    /// <summary>
    /// All that the result depends on, apart from the machine and the number of threads. It is also the recipe in the output's
    /// manifest.
    /// </summary>
    private static string Identity(TrainingJob job)
    {
        TrainingOptions options = job.Options;
        return JsonSerializer.Serialize(
            new
            {
                engine = Manifest.ThisEngine,
                inputs = job.Inputs.Select(input => new { input.Role, input.Fingerprint }),
                options.Steps,
                options.BatchSize,
                options.MaxPositions,
                options.PackLength,
                options.Recomputes,
                options.LearningRate,
                options.FinalLearningRateShare,
                options.WarmupSteps,
                options.AdamW,
                options.ClipNorm,
                options.Seed,
                type = options.Type.TorchName,
                options.EvaluateEvery,
                options.Patience,
                options.Lora,
                job.Dense,
                form = job.Choices.Form?.ToString().ToLowerInvariant(),
                chat_template = job.Choices.ChatTemplate,
                job.Choices.MaxLength,
            },
            Json);
    }

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };
}
