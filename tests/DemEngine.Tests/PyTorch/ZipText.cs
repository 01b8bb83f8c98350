using System.Buffers.Binary;
using System.Text;

namespace DemEngine.Tests.PyTorch;

/// <summary>A file in an archive, and what may be wrong with it.</summary>
internal sealed record ZipFile(string Name, byte[] Contents)
{
    public ushort Method { get; init; }

    public ushort Flags { get; init; }

    /// <summary>The length that the directory states; null for the true one.</summary>
    public long? Length { get; init; }

    /// <summary>The checksum that the directory states; 0 for none.</summary>
    public uint Checksum { get; init; }

    /// <summary>The offset of the header that the directory states; null for the true one.</summary>
    public long? Header { get; init; }

    /// <summary>The name in its own header; null for the true one.</summary>
    public string? LocalName { get; init; }

    /// <summary>Whether the directory states 64-bit lengths.</summary>
    public bool Is64 { get; init; }

    /// <summary>Whether 64-bit lengths are announced and not there.</summary>
    public bool Lacks64 { get; init; }
}

/// <summary>Writes zip archives as torch.save does: files as they are, their contents at multiples of 64.</summary>
internal static class ZipText
{
    public static byte[] Write(IEnumerable<ZipFile> files, bool is64 = false, Action<List<byte>>? spoilEnd = null)
    {
        var bytes = new List<byte>();
        var directory = new List<byte>();
        int count = 0;
        foreach (ZipFile file in files)
        {
            count++;
            byte[] name = Encoding.UTF8.GetBytes(file.Name);
            byte[] local = Encoding.UTF8.GetBytes(file.LocalName ?? file.Name);
            long header = file.Header ?? bytes.Count;
            int padding = (64 - ((bytes.Count + 30 + local.Length + 4) % 64)) % 64;
            Put(bytes, "PK\u0003\u0004"u8, U16(0), U16(file.Flags), U16(file.Method), new byte[8], U32(file.Contents.Length), U32(file.Contents.Length));
            Put(bytes, U16(local.Length), U16(padding + 4), local, U16(0x4246), U16(padding), new byte[padding], file.Contents);
            long length = file.Length ?? file.Contents.Length;
            bool wide = file.Is64 || file.Lacks64;
            Put(directory, "PK\u0001\u0002"u8, U16(0), U16(0), U16(file.Flags), U16(file.Method), new byte[4], U32(file.Checksum));
            Put(directory, wide ? U32(0xFFFFFFFF) : U32(length), wide ? U32(0xFFFFFFFF) : U32(length), U16(name.Length));
            Put(directory, U16(file.Is64 ? 28 : 0), U16(0), new byte[8], wide ? U32(0xFFFFFFFF) : U32(header), name);
            if (file.Is64)
                Put(directory, U16(1), U16(24), U64(length), U64(length), U64(header));
        }

        int start = bytes.Count;
        bytes.AddRange(directory);
        var end = new List<byte>();
        if (is64)
        {
            Put(end, "PK\u0006\u0006"u8, U64(44), new byte[12], U64(count), U64(count), U64(directory.Count), U64(start));
            Put(end, "PK\u0006\u0007"u8, U32(0), U64(bytes.Count), U32(1));
        }

        Put(end, "PK\u0005\u0006"u8, U32(0), U16(is64 ? 0xFFFF : count), U16(is64 ? 0xFFFF : count));
        Put(end, U32(is64 ? 0xFFFFFFFF : directory.Count), U32(is64 ? 0xFFFFFFFF : start), U16(0));
        spoilEnd?.Invoke(end);
        bytes.AddRange(end);
        return [.. bytes];
    }

    /// <summary>An archive of torch.save.</summary>
    public static ZipFile[] Torch(byte[] pickle, params (string Key, byte[] Contents)[] storages) =>
    [
        new("archive/data.pkl", pickle),
        new("archive/byteorder", "little"u8.ToArray()),
        .. storages.Select(storage => new ZipFile($"archive/data/{storage.Key}", storage.Contents)),
        new("archive/version", "3\n"u8.ToArray()),
    ];

    private static void Put(List<byte> bytes, params ReadOnlySpan<byte[]> parts)
    {
        foreach (byte[] part in parts)
            bytes.AddRange(part);
    }

    private static void Put(List<byte> bytes, ReadOnlySpan<byte> signature, params ReadOnlySpan<byte[]> parts)
    {
        bytes.AddRange(signature);
        Put(bytes, parts);
    }

    private static byte[] U16(int number) => [(byte)number, (byte)(number >> 8)];

    private static byte[] U32(long number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)number);
        return bytes;
    }

    private static byte[] U64(long number)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }
}
