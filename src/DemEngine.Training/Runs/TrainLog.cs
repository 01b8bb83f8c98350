using System.Text.Json;
using DemEngine.Files;
using DemEngine.Training.Reports;

namespace DemEngine.Training.Runs;

/// <summary>
/// The log of a run, <c>train.jsonl</c>, with one JSON object per step. It contains no times, so that the same run gives the same
/// file, whether interrupted or not.
/// </summary>
internal sealed class TrainLog : IDisposable
{
    /// <summary>Name of the file in the run's folder and in the model's.</summary>
    public const string Name = "train.jsonl";

    private readonly FileStream _file;

    /// <summary>Opens the log of a run.</summary>
    /// <param name="path">Path of the file, which need not exist.</param>
    /// <param name="length">Length in bytes of the part that belongs to the run; what follows is cut off.</param>
    /// <exception cref="DemException">
    /// DEM4002 (WriteFailed): the file cannot be opened. DEM4202 (BadTrainingState): the file is shorter than
    /// <paramref name="length"/>.
    /// </exception>
    public TrainLog(string path, long length)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            if (file.Length < length)
                throw new DemException(
                    ErrorCode.BadTrainingState, $"{path}: {file.Length} bytes, and the state speaks of {length}");
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

    /// <summary>Appends the line of a step.</summary>
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

    /// <summary>Flushes all lines to disk.</summary>
    /// <returns>Length of the log in bytes.</returns>
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
