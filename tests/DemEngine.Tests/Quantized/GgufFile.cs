using System.Text;

namespace DemEngine.Tests.Quantized;

/// <summary>Writes GGUF files as their specification says, for the tests to read.</summary>
internal sealed class GgufFile
{
    private readonly List<(string Key, byte[] Value)> _values = [];
    private readonly List<(string Name, long[] Sizes, uint Type, byte[] Data, long? Offset)> _tensors = [];

    public GgufFile Text(string key, string value) => Add(key, 8, [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(value)), .. Encoding.UTF8.GetBytes(value)]);

    public GgufFile Number(string key, uint value) => Add(key, 4, BitConverter.GetBytes(value));

    public GgufFile Real(string key, float value) => Add(key, 6, BitConverter.GetBytes(value));

    public GgufFile Texts(string key, params string[] values) => Add(
        key,
        9,
        [
            .. BitConverter.GetBytes(8u),
            .. BitConverter.GetBytes((ulong)values.Length),
            .. values.SelectMany(value => (byte[])[.. BitConverter.GetBytes((ulong)value.Length), .. Encoding.ASCII.GetBytes(value)]),
        ]);

    /// <summary>Adds a value as it is.</summary>
    public GgufFile Value(string key, uint type, byte[] value) => Add(key, type, value);

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="type">Number of the type.</param>
    /// <param name="sizes">Sizes of the dimensions, outermost first.</param>
    /// <param name="data">Its data.</param>
    /// <param name="offset">Offset that the header says; null for where the data is.</param>
    public GgufFile Tensor(string name, uint type, long[] sizes, byte[] data, long? offset = null)
    {
        _tensors.Add((name, sizes, type, data, offset));
        return this;
    }

    public byte[] Build()
    {
        using var file = new MemoryStream();
        file.Write("GGUF"u8);
        file.Write(BitConverter.GetBytes(3u));
        file.Write(BitConverter.GetBytes((ulong)_tensors.Count));
        file.Write(BitConverter.GetBytes((ulong)_values.Count));
        foreach (var (key, value) in _values)
        {
            WriteText(file, key);
            file.Write(value);
        }

        ulong offset = 0;
        foreach (var (name, sizes, type, data, stated) in _tensors)
        {
            WriteText(file, name);
            file.Write(BitConverter.GetBytes((uint)sizes.Length));
            foreach (long size in sizes.Reverse())
                file.Write(BitConverter.GetBytes(size));
            file.Write(BitConverter.GetBytes(type));
            file.Write(BitConverter.GetBytes(stated ?? (long)offset));
            offset += ((ulong)data.Length + 31) / 32 * 32;
        }

        foreach (var (_, _, _, data, _) in _tensors)
        {
            file.Write(new byte[(32 - (file.Position % 32)) % 32]);
            file.Write(data);
        }

        return file.ToArray();
    }

    private static void WriteText(MemoryStream file, string text)
    {
        file.Write(BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(text)));
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    private GgufFile Add(string key, uint type, byte[] value)
    {
        _values.Add((key, [.. BitConverter.GetBytes(type), .. value]));
        return this;
    }
}
