using System.Text.Json;
using DemEngine.Files;
using DemEngine.Training.Reports;

namespace DemEngine.Training.Runs;

/// <summary>
/// <c>train.jsonl</c>: one object a step. It names no time, so that the same run gives the same file, interrupted or not.
/// </summary>
internal sealed class TrainLog : IDisposable
{
    /// <summary>Its name in the run's folder and in the model's.</summary>
    public const string Name = "train.jsonl";

    private readonly FileStream _file;

    /// <summary>Opens the log of a run.</summary>
    /// <param name="path">The file, there or not.</param>
    /// <param name="length">Bytes of it that belong to the run; what follows them is cut off.</param>
    /// <exception cref="DemException">DEM4002; DEM4202: it is shorter.</exception>
    public TrainLog(string path, long length)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            if (file.Length < length)
                throw new DemException(ErrorCode.BadTrainingState, $"{path}: {file.Length} bytes, and the state speaks of {length}");
            file.SetLength(length);
            file.Position = length;
            _file = file;
        }
        catch (Exception e)
        {
            file?.Dispose();
            if (e is IOException or UnauthorizedAccessException)
                throw Failed(path, e);
            throw;
        }
    }

    /// <summary>Adds a line.</summary>
    public void Append(TrainingStep step)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteNumber("step", step.Number);
            if (step.Loss is { } loss)
            {
                json.WriteNumber("loss", loss);
                json.WriteNumber("lr", step.LearningRate);
                json.WriteNumber("grad_norm", step.GradientNorm);
                json.WriteNumber("tokens", step.Positions);
                json.WriteNumber("targets", step.Targets);
            }

            if (step.Validation is { } validation)
            {
                json.WriteNumber("valid_loss", validation);
                json.WriteBoolean("best", step.IsBest);
            }

            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        try
        {
            _file.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        }
        catch (IOException e)
        {
            throw Failed(_file.Name, e);
        }
    }

    /// <summary>Waits until all lines are on disk.</summary>
    /// <returns>Bytes so far.</returns>
    public long Sync()
    {
        try
        {
            _file.Flush(flushToDisk: true);
            return _file.Position;
        }
        catch (IOException e)
        {
            throw Failed(_file.Name, e);
        }
    }

    public void Dispose() => _file.Dispose();

    private static DemException Failed(string path, Exception e) => WriteError.From(e, path);
}
