using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using DemEngine.Files;

namespace DemEngine.Training.Reports;

/// <summary>
/// Writes the progress of a training as TensorBoard reads it, step by step: records of length and contents with their CRC-32C
/// (TensorFlow's <c>tsl/lib/io/record_writer.h</c>), each of them an <c>Event</c> in Protocol Buffers
/// (<c>tensorflow/core/util/event.proto</c>). A run that goes on after an interruption writes another file into the same folder,
/// whose steps take the place of those after which it goes on.
/// </summary>
public sealed class EventFile : IDisposable
{
    private const string Version = "brain.Event:2";

    private readonly FileStream _file;
    private readonly MemoryStream _event = new();

    /// <summary>Starts a file.</summary>
    /// <param name="folder">Folder of the run, which is created if it is not there.</param>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): the file cannot be written.</exception>
    public EventFile(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            Path = Unused(folder);
            _file = new FileStream(Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, folder);
        }

        WriteTime();
        WriteTag(3, 2);
        WriteText(Version);
        Flush();
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>
    /// Writes what a step has: its loss, learning rate and gradient's norm, and the validation loss where there is one.
    /// </summary>
    /// <exception cref="DemException">DEM4001 (DiskFull), DEM4002 (WriteFailed): the file cannot be written.</exception>
    public void Append(TrainingStep step)
    {
        var values = new List<(string Tag, double Value)>();
        if (step.Loss is { } loss)
        {
            values.Add(("train/loss", loss));
            values.Add(("train/learning_rate", step.LearningRate));
            values.Add(("train/gradient_norm", step.GradientNorm));
            values.Add(("train/tokens", step.Positions));
        }

        if (step.Validation is { } validation)
            values.Add(("validation/loss", validation));
        if (values.Count == 0)
            return;
        byte[] summary = Summary(values);
        WriteTime();
        WriteTag(2, 0);
        WriteNumber((ulong)step.Number);
        WriteTag(5, 2);
        WriteNumber((ulong)summary.Length);
        _event.Write(summary);
        Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _event.Dispose();
    }

    private static string Unused(string folder)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return Enumerable.Range(0, int.MaxValue)
            .Select(k => System.IO.Path.Combine(folder, $"events.out.tfevents.{now:0000000000}.dem.{k}"))
            .First(path => !File.Exists(path));
    }

    private byte[] Summary(List<(string Tag, double Value)> values)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        foreach (var (tag, value) in values)
        {
            byte[] name = Encoding.UTF8.GetBytes(tag);
            WriteTag(1, 2);
            WriteNumber((ulong)(1 + 1 + name.Length + 1 + sizeof(float))); // Each tag and this length take one byte.
            WriteTag(1, 2);
            WriteText(tag);
            WriteTag(2, 5);
            BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)value);
            _event.Write(bytes);
        }

        byte[] summary = _event.ToArray();
        _event.SetLength(0);
        return summary;
    }

    private void WriteTime()
    {
        WriteTag(1, 1);
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds);
        _event.Write(bytes);
    }

    private void WriteTag(int field, int type) => WriteNumber((ulong)((field << 3) | type));

    private void WriteText(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        WriteNumber((ulong)bytes.Length);
        _event.Write(bytes);
    }

    // Seven bits a byte, the lowest first, with the highest bit where more follow.
    private void WriteNumber(ulong number)
    {
        for (; number >= 0x80; number >>= 7)
            _event.WriteByte((byte)(number | 0x80));
        _event.WriteByte((byte)number);
    }

    private void Flush()
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        ReadOnlySpan<byte> contents = _event.GetBuffer().AsSpan(0, (int)_event.Length);
        try
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, contents.Length);
            _file.Write(number);
            WriteMasked(Crc(number));
            _file.Write(contents);
            WriteMasked(Crc(contents));
            _file.Flush();
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, Path);
        }

        _event.SetLength(0);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    // A checksum of contents that hold checksums themselves is turned and moved.
    private void WriteMasked(uint crc)
    {
        const uint Offset = 0xa282ead8;
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, BitOperations.RotateRight(crc, 15) + Offset);
        _file.Write(bytes);
    }
}
