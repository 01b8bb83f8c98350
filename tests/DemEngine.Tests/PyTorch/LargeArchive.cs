using System.Buffers.Binary;
using System.Text;

namespace DemEngine.Tests.PyTorch;

/// <summary>An archive with a storage of more than four gigabytes, most of which is a hole in the file.</summary>
internal static class LargeArchive
{
    private const int HeaderLength = 30;

    public static void Write(string path, byte[] pickle, string key, long length, byte[] last)
    {
        using FileStream file = File.Create(path);
        var directory = new MemoryStream();
        Add(file, directory, "archive/data.pkl", pickle.Length);
        file.Write(pickle);
        Add(file, directory, $"archive/data/{key}", length);
        file.Position += length - last.Length;
        file.Write(last);
        Add(file, directory, "archive/version", 2);
        file.Write("3\n"u8);

        long start = file.Position;
        directory.WriteTo(file);
        long end = file.Position;
        Put(file, "PK\u0006\u0006"u8);
        Put(file, 44L);
        file.Write(new byte[12]);
        Put(file, 3L);
        Put(file, 3L);
        Put(file, directory.Length);
        Put(file, start);
        Put(file, "PK\u0006\u0007"u8);
        Put(file, 0);
        Put(file, end);
        Put(file, 1);
        Put(file, "PK\u0005\u0006"u8);
        Put(file, 0);
        Put(file, 0x0003_0003);
        Put(file, (int)directory.Length);
        Put(file, -1);
        file.Write(new byte[2]);
    }

    private static void Add(FileStream file, MemoryStream directory, string path, long length)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        long header = file.Position;
        Put(file, "PK\u0003\u0004"u8);
        file.Write(new byte[HeaderLength - 4 - 12]);
        Put(file, -1);
        Put(file, -1);
        Put(file, name.Length);
        file.Write(name);

        Put(directory, "PK\u0001\u0002"u8);
        directory.Write(new byte[16]);
        Put(directory, -1);
        Put(directory, -1);
        Put(directory, name.Length | (28 << 16));
        directory.Write(new byte[10]);
        Put(directory, -1);
        directory.Write(name);
        Put(directory, 1 | (24 << 16));
        Put(directory, length);
        Put(directory, length);
        Put(directory, header);
    }

    private static void Put(Stream stream, ReadOnlySpan<byte> bytes) => stream.Write(bytes);

    private static void Put(Stream stream, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        stream.Write(bytes);
    }

    private static void Put(Stream stream, long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        stream.Write(bytes);
    }
}
