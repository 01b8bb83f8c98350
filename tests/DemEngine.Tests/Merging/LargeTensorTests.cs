using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;

namespace DemEngine.Tests.Merging;

/// <summary>A tensor with more elements than an int counts.</summary>
public sealed class LargeTensorTests
{
    private const long Count = (1L << 31) + 5;
    private const byte One = 0x3C;
    private const byte Half = 0x38;

    [Test, Explicit("writes 2 GB")]
    public void Elements_beyond_two_to_the_31_are_merged([Values] IoMode io)
    {
        long[] places = [0, int.MaxValue, 1L << 31, Count - 1];
        using var folder = new ModelFolder();
        Write(folder.PathOf("base"), []);
        Write(folder.PathOf("a"), places);
        folder.Merge(
            "merge_method: dem\nbase_model: base\nmodels: [{model: a, parameters: {weight: 0.5}}]", options: new RunOptions { Io = io });

        using FileStream output = File.OpenRead(folder.PathOf("out/model.safetensors"));
        Assert.That(output.Length, Is.GreaterThan(Count));
        long dataStart = output.Length - Count;
        foreach (long place in places)
        {
            output.Position = dataStart + place;
            Assert.That(output.ReadByte(), Is.EqualTo(Half), $"{place}");
        }

        output.Position = dataStart + 1;
        Assert.That(output.ReadByte(), Is.Zero);
    }

    /// <summary>Zeros, which take no room on the disk, and ones.</summary>
    private static void Write(string folder, long[] ones)
    {
        Directory.CreateDirectory(folder);
        byte[] header = Encoding.UTF8.GetBytes(SafetensorsText.Header(SafetensorsText.Tensor("t", "F8_E5M2", $"[{Count}]", 0, Count)));
        byte[] start = SafetensorsText.Build(header);
        using FileStream file = File.Create(Path.Combine(folder, Checkpoint.SingleFileName));
        file.Write(start);
        file.SetLength(start.Length + Count);
        foreach (long place in ones)
        {
            file.Position = start.Length + place;
            file.WriteByte(One);
        }
    }
}
