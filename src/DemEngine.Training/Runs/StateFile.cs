using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Numerics;
using DemEngine.Training.Models;
using DemEngine.Training.Reports;
using static TorchSharp.torch;

namespace DemEngine.Training.Runs;

/// <summary>
/// Reads and writes the state of an interrupted run as one safetensors file, which is replaced completely or not at all, and has
/// a hash of its numbers and vectors.
/// </summary>
internal static class StateFile
{
    public const string Name = "state.safetensors";

    private const string Format = "dem-training 1";
    private const string HashKey = "hash";

    // A span has less than 2 GiB, and vectors of large models have more.
    private const long SliceElements = 1 << 26;

    /// <summary>Writes a state.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="state">State of the run.</param>
    /// <param name="logLength">Length in bytes of the part of the log that belongs to the state.</param>
    /// <param name="vectors">Vectors of the run, on any device.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed).</exception>
    public static void Write(string path, TrainingState state, long logLength, TrainingVectors vectors)
    {
        using var scope = NewDisposeScope();
        var onHost = new TrainingVectors(
            vectors.Weights.cpu(), vectors.FirstMoment.cpu(), vectors.SecondMoment.cpu(), vectors.Best.cpu());
        ITensorData[] tensors =
        [
            .. Vectors(onHost).Select(pair =>
                new TensorSlice(pair.Name, new TensorShape(pair.Vector.NumberOfElements), pair.Vector, 0)),
        ];
        var metadata = new Dictionary<string, string>
        {
            ["format"] = Format,
            ["step"] = Text(state.Step),
            ["positions"] = Text(state.Positions),
            ["best_step"] = Text(state.BestStep),
            ["best_loss"] = state.BestLoss.ToString("R", CultureInfo.InvariantCulture),
            ["stale"] = Text(state.Stale),
            ["log_length"] = Text(logLength),
        };
        metadata.Add(HashKey, HashOf(metadata, onHost));
        SafetensorsWriter.Write(path, tensors, metadata);
    }

    /// <summary>Reads a state into a session.</summary>
    /// <param name="path">Path of the file, which must exist.</param>
    /// <param name="session">Session that is set to the state.</param>
    /// <returns>Length in bytes of the part of the log that belongs to the state.</returns>
    /// <exception cref="DemException">DEM4202 (BadTrainingState): the file is not a state of this model.</exception>
    public static long Read(string path, TrainingSession session)
    {
        try
        {
            using Checkpoint file = Checkpoint.Open(path);
            IReadOnlyDictionary<string, string> metadata = file.Metadata;
            if (metadata.GetValueOrDefault("format") != Format)
                throw new FormatException("not a training state");
            long Number(string key) =>
                long.TryParse(metadata.GetValueOrDefault(key), CultureInfo.InvariantCulture, out long number)
                    ? number
                    : throw new FormatException($"{key} is no whole number");
            var state = new TrainingState(
                Number("step"),
                Number("positions"),
                Number("best_step"),
                double.TryParse(metadata.GetValueOrDefault("best_loss"), CultureInfo.InvariantCulture, out double loss)
                    ? loss
                    : throw new FormatException("best_loss is no number"),
                checked((int)Number("stale")));
            if (state.Step < -1 || state.Positions < 0 || state.Stale < 0 || double.IsNaN(state.BestLoss)
                || state.BestStep < -1 || state.BestStep > state.Step)
                throw new FormatException("its numbers contradict each other");

            using var scope = NewDisposeScope();
            Tensor Vector(string name) => Load(file, name, session.TrainedLength);
            var vectors = new TrainingVectors(
                Vector("weights"), Vector("first_moment"), Vector("second_moment"), Vector("best"));

            // States of earlier versions have no hash.
            if (metadata.TryGetValue(HashKey, out string? hash) && hash != HashOf(metadata, vectors))
                throw new FormatException("it is not what was written: its hash is another one");
            session.Restore(state, vectors);
            return Number("log_length");
        }
        catch (Exception e) when (e is FormatException or OverflowException
            || (e is DemException { Code.IsRunFailure: false }))
        {
            throw new DemException(ErrorCode.BadTrainingState, $"{path}: {e.Message}", e);
        }
    }

    private static (string Name, Tensor Vector)[] Vectors(TrainingVectors vectors) =>
        [
            ("weights", vectors.Weights),
            ("first_moment", vectors.FirstMoment),
            ("second_moment", vectors.SecondMoment),
            ("best", vectors.Best),
        ];

    private static Tensor Load(Checkpoint file, string name, long length)
    {
        if (file.Find(name) is not { } stored || stored.Spec.Type != ElementType.F32 || stored.Spec.Shape.ElementCount != length)
            throw new FormatException($"{name} is not a vector of {length} numbers");
        Tensor vector = empty(length, ScalarType.Float32, CPU);
        for (long first = 0; first < length; first += SliceElements)
        {
            using Tensor slice = vector.narrow(0, first, Math.Min(SliceElements, length - first));
            WeightDecoding.Decode(stored, first, MemoryMarshal.Cast<byte, float>(slice.bytes));
        }

        return vector;
    }

    private static string HashOf(IReadOnlyDictionary<string, string> metadata, TrainingVectors vectors)
    {
        var hash = new XxHash128();
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (key != HashKey)
                hash.Append(Encoding.UTF8.GetBytes($"{key}={value}\n"));
        }

        foreach (var (_, vector) in Vectors(vectors))
        {
            for (long first = 0; first < vector.NumberOfElements; first += SliceElements)
            {
                using Tensor slice = vector.narrow(0, first, Math.Min(SliceElements, vector.NumberOfElements - first));
                hash.Append(slice.bytes);
            }
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
