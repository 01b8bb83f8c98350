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

    private readonly AppendedFile _file;

    /// <summary>Opens the log of a run.</summary>
    /// <param name="path">Path of the file, which need not exist.</param>
    /// <param name="length">Length in bytes of the part that belongs to the run; what follows is cut off.</param>
    /// <exception cref="DemException">
    /// DEM4002 (WriteFailed): the file cannot be opened. DEM4202 (BadTrainingState): the file is shorter than
    /// <paramref name="length"/>.
    /// </exception>
    public TrainLog(string path, long length)
    {
        _file = AppendedFile.Open(path);
        try
        {
            if (_file.Length < length)
                throw new DemException(
                    ErrorCode.BadTrainingState, $"{path}: {_file.Length} bytes, and the state speaks of {length}");
            _file.Cut(length);
        }
        catch
        {
            _file.Dispose();
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
        _file.Append(line.GetBuffer().AsSpan(0, (int)line.Length));
    }

    /// <summary>Flushes all lines to disk.</summary>
    /// <returns>Length of the log in bytes.</returns>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public long Sync()
    {
        _file.Sync();
        return _file.Length;
    }

    public void Dispose() => _file.Dispose();
}
