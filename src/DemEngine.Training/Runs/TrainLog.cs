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
    /// <param name="steps">Number of steps in that part.</param>
    /// <exception cref="DemException">
    /// DEM4002 (WriteFailed): the file cannot be opened. DEM4003 (ReadFailed): it cannot be read. DEM4202 (BadTrainingState): the
    /// file is shorter than <paramref name="length"/>, or that part is not the lines of so many steps.
    /// </exception>
    public TrainLog(string path, long length, long steps)
    {
        _file = AppendedFile.Open(path);
        try
        {
            if (length < 0 || _file.Length < length)
                throw new DemException(
                    ErrorCode.BadTrainingState, $"{path}: {_file.Length} bytes, and the state speaks of {length}");
            _file.Cut(length);
            Check(steps);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Whether a line of a log is of a step: its number and losses are finite numbers.</summary>
    private static bool IsStep(ReadOnlyMemory<byte> line, out long step)
    {
        step = -1;
        try
        {
            using JsonDocument json = StrictJson.ParseDocument(line);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("step", out JsonElement number)
                && number.ValueKind == JsonValueKind.Number
                && number.TryGetInt64(out step)
                && new[] { "loss", "valid_loss" }.All(name => !json.RootElement.TryGetProperty(name, out JsonElement loss)
                    || (loss.ValueKind == JsonValueKind.Number && double.IsFinite(loss.GetDouble())));
        }
        catch (JsonException)
        {
            return false;
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

    // It goes into the output as it is, and the run that goes on from it may take days until then.
    private void Check(long steps)
    {
        ReadOnlyMemory<byte> rest = _file.ReadAll();
        for (long line = 0; line < steps || rest.Length > 0; line++)
        {
            int end = rest.Span.IndexOf((byte)'\n');
            if (end < 0 || line >= steps || !IsStep(rest[..end], out long step) || step != line)
                throw new DemException(
                    ErrorCode.BadTrainingState, $"{_file.Path}: line {line + 1} is not of step {line}, of {steps} in all");
            rest = rest[(end + 1)..];
        }
    }
}
