using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using DemEngine.Numerics;

namespace DemEngine.Tests.Analysis;

/// <summary>A tensor to be written.</summary>
internal sealed record Blob(string Name, ElementType Type, long[] Shape, byte[] Bytes)
{
    public static Blob Of<T>(string name, ElementType type, long[] shape, params T[] elements)
        where T : unmanaged => new(name, type, shape, MemoryMarshal.AsBytes<T>(elements).ToArray());

    public static Blob F32(string name, params float[] elements) => Of(name, ElementType.F32, [elements.Length], elements);

    /// <summary>Random numbers in BF16, and their values.</summary>
    public static Blob Random(string name, int seed, params long[] shape)
    {
        var random = new Random(seed);
        ushort[] elements = new ushort[shape.Aggregate(1L, (product, size) => product * size)];
        for (int i = 0; i < elements.Length; i++)
            elements[i] = (ushort)(BitConverter.SingleToUInt32Bits((float)(random.NextDouble() - 0.5)) >> 16);
        return Of(name, ElementType.BF16, shape, elements);
    }

    public float[] Bf16Values() =>
        [.. MemoryMarshal.Cast<byte, ushort>(Bytes).ToArray().Select(bits => BitConverter.UInt32BitsToSingle((uint)bits << 16))];
}

/// <summary>A temporary folder in which a test writes small checkpoints.</summary>
internal sealed class AnalysisFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dem-analysis-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a checkpoint in one file.</summary>
    public string Write(string name, params Blob[] tensors) => Write(name, [], tensors);

    public string Write(string name, Dictionary<string, string> metadata, params Blob[] tensors)
    {
        var header = new JsonObject();
        if (metadata.Count > 0)
            header["__metadata__"] = new JsonObject(metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        long offset = 0;
        foreach (Blob tensor in tensors)
        {
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.Type.SafetensorsName,
                ["shape"] = new JsonArray([.. tensor.Shape.Select(size => JsonValue.Create(size))]),
                ["data_offsets"] = new JsonArray(offset, offset += tensor.Bytes.Length),
            };
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        Directory.CreateDirectory(this[name]);
        using var file = File.Create(System.IO.Path.Combine(this[name], "model.safetensors"));
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        foreach (Blob tensor in tensors)
            file.Write(tensor.Bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
