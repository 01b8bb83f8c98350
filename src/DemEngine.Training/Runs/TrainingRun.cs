using System.Text.Json;
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
/// Trains a model into a folder. A run that was interrupted, at whatever moment, goes on when the same one is asked for again, and gives
/// the bytes that it would have given without the interruption; nothing stands under the output's name before all of it does.
/// </summary>
public static class TrainingRun
{
    /// <summary>Trains, or goes on.</summary>
    /// <param name="job">What.</param>
    /// <param name="output">The folder to be made: the weights with the least validation loss, the side files, the log and a manifest.</param>
    /// <param name="saveEvery">Steps after which the state is saved each time; it is also saved when the run is cancelled.</param>
    /// <param name="options">Of these: shard size, overwriting, and whether an interrupted run is to be discarded.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancel">Stops between steps; asked for again, the run goes on.</param>
    /// <exception cref="DemException">
    /// DEM1001 to DEM1004, DEM1021, DEM1022; DEM1007: another run for this output was interrupted; DEM1008: another process is at it;
    /// DEM4001, DEM4002; DEM4201: a loss is not finite: the output is made of the best weights before, if any are better than the start's;
    /// DEM4202.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static TrainingReport Execute(
        TrainingJob job, string output, long saveEvery, RunOptions options, Action<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(saveEvery, 1);
        string identity = Identity(job);
        RunOptions publishing = options with { Unfinished = UnfinishedRun.Restart, NonFinite = NonFinitePolicy.Fail };
        OutputRun.Check(Plan(job, job.Start, identity, [], options), output, publishing);

        using RunFolder folder = RunFolder.Open(output, identity, options.Unfinished == UnfinishedRun.Restart);
        using var session = new TrainingSession(job.Start, job.Data, job.Validation, job.Options);
        using var log = new TrainLog(folder.Log, File.Exists(folder.State) ? StateFile.Read(folder.State, session) : 0);
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
        TrainingSession session, TrainLog log, RunFolder folder, long saveEvery, Action<TrainingStep> progress, CancellationToken cancel)
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
        TrainingJob job, TrainingSession session, TrainLog log, RunFolder folder, string identity, string output, RunOptions options)
    {
        log.Sync();
        log.Dispose();
        using var backend = new CpuBackend();
        OutputRun.Execute(Plan(job, session.Best, identity, ReadLog(folder.Log), options), output, backend, options);
        folder.Delete();
    }

    private static OutputPlan Plan(TrainingJob job, TorchModel model, string identity, byte[] log, RunOptions options)
    {
        var files = new Dictionary<string, byte[]>(job.SideFiles, StringComparer.Ordinal) { [TrainLog.Name] = log };
        return model.Plan(identity, job.Inputs, job.Options.Type, files, options.MaxShardBytes);
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

    /// <summary>All that the result depends on, machine and thread count apart: also the recipe of the output's manifest.</summary>
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
                options.LearningRate,
                options.FinalLearningRateShare,
                options.WarmupSteps,
                options.AdamW,
                options.ClipNorm,
                options.Seed,
                type = options.Type.TorchName,
                options.EvaluateEvery,
                options.Patience,
            },
            Json);
    }

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
