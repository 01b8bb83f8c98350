using System.Buffers.Binary;
using System.Text;

namespace DemEngine.Tests;

/// <summary>Safetensors files from headers as they are given, right or wrong.</summary>
internal static class SafetensorsText
{
    /// <summary>Length field, header and data.</summary>
    public static byte[] Build(string header, int dataLength = 0) => Build(Encoding.UTF8.GetBytes(header), dataLength);

    /// <summary>Length field, header and data.</summary>
    public static byte[] Build(ReadOnlySpan<byte> header, int dataLength = 0) => Build((ulong)header.Length, [.. header, .. Pattern(dataLength)]);

    /// <summary>A length field that says what it likes, and what follows it.</summary>
    public static byte[] Build(ulong headerLength, ReadOnlySpan<byte> rest)
    {
        byte[] file = new byte[sizeof(ulong) + rest.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, headerLength);
        rest.CopyTo(file.AsSpan(sizeof(ulong)));
        return file;
    }

    /// <summary>One tensor's entry in a header. The name is put in as it is.</summary>
    public static string Tensor(string name, string type, string shape, long begin, long end) =>
        $$"""
        "{{name}}":{"dtype":"{{type}}","shape":{{shape}},"data_offsets":[{{begin}},{{end}}]}
        """;

    /// <summary>A header of the given entries.</summary>
    public static string Header(params string[] entries) => $"{{{string.Join(",", entries)}}}";

    /// <summary>Bytes that differ from their neighbours and, over a few KiB, from those one page further.</summary>
    public static byte[] Pattern(int length, int seed = 0)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)((i * 31) + (i >> 8) + seed);
        return bytes;
    }
}
