using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace DemEngine.Checkpoints.Gguf;

/// <summary>
/// Metadata of a GGUF file that is to be written: keys with values of the types that llama.cpp expects, in their order
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
/// </summary>
internal sealed class GgufMetadata
{
    private const uint UInt32Type = 4;
    private const uint Int32Type = 5;
    private const uint Float32Type = 6;
    private const uint BoolType = 7;
    private const uint TextType = 8;
    private const uint ArrayType = 9;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Number of keys.</summary>
    public long Count { get; private set; }

    /// <summary>The keys and values as they stand in the file.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    /// <summary>Adds a whole number.</summary>
    public void Add(string key, uint value)
    {
        Begin(key, UInt32Type);
        Write(_bytes, value);
    }

    /// <summary>Adds a number.</summary>
    public void Add(string key, float value)
    {
        Begin(key, Float32Type);
        Write(_bytes, BitConverter.SingleToUInt32Bits(value));
    }

    /// <summary>Adds a truth value.</summary>
    public void Add(string key, bool value)
    {
        Begin(key, BoolType);
        _bytes.Write([(byte)(value ? 1 : 0)]);
    }

    /// <summary>Adds a text.</summary>
    public void Add(string key, string value)
    {
        Begin(key, TextType);
        Write(_bytes, value);
    }

    /// <summary>Adds a list of texts.</summary>
    public void Add(string key, IReadOnlyCollection<string> values)
    {
        BeginArray(key, TextType, values.Count);
        foreach (string value in values)
            Write(_bytes, value);
    }

    /// <summary>Adds a list of numbers.</summary>
    public void Add(string key, IReadOnlyCollection<float> values)
    {
        BeginArray(key, Float32Type, values.Count);
        foreach (float value in values)
            Write(_bytes, BitConverter.SingleToUInt32Bits(value));
    }

    /// <summary>Adds a list of whole numbers.</summary>
    public void Add(string key, IReadOnlyCollection<int> values)
    {
        BeginArray(key, Int32Type, values.Count);
        foreach (int value in values)
            Write(_bytes, (uint)value);
    }

    /// <summary>Writes a number of 4 bytes.</summary>
    public static void Write(ArrayBufferWriter<byte> bytes, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.GetSpan(sizeof(uint)), value);
        bytes.Advance(sizeof(uint));
    }

    /// <summary>Writes a number of 8 bytes.</summary>
    public static void Write(ArrayBufferWriter<byte> bytes, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(bytes.GetSpan(sizeof(long)), value);
        bytes.Advance(sizeof(long));
    }

    /// <summary>Writes a text with its length in front.</summary>
    public static void Write(ArrayBufferWriter<byte> bytes, string text)
    {
        Write(bytes, (long)Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, bytes);
    }

    private void Begin(string key, uint type)
    {
        Count++;
        Write(_bytes, key);
        Write(_bytes, type);
    }

    private void BeginArray(string key, uint type, int count)
    {
        Begin(key, ArrayType);
        Write(_bytes, type);
        Write(_bytes, (long)count);
    }
}
