using System.Runtime.InteropServices;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

public class SavePlannerTests
{
    private static readonly float[] Numbers = [.. Enumerable.Range(0, 3000).Select(i => (float)Math.Sin(i) * MathF.Pow(2, (i % 29) - 14))];

    [TestCase(ElementType.F32, 1_000_000, 1)]
    [TestCase(ElementType.F32, 9_000, 2)]
    [TestCase(ElementType.BF16, 5_000, 2)]
    [TestCase(ElementType.F16, 1_000_000, 1)]
    public void Tensors_are_written_rounded_once(ElementType type, long maxShardBytes, int shards)
    {
        using var folder = new TempFolder();
        string source = folder.PathOf("source");
        TestCheckpoint.Write(source, [.. "abc".Select(name => TestCheckpoint.Tensor(
            $"{name}", ElementType.F32, [20, 50], MemoryMarshal.AsBytes(Numbers.AsSpan((name - 'a') * 1000, 1000)).ToArray()))]);
        using Checkpoint there = Checkpoint.Open(source);
        var side = new Dictionary<string, byte[]> { ["config.json"] = "{}"u8.ToArray() };

        OutputPlan plan = SavePlanner.Plan("train", "a description", [new ManifestInput("base", "somewhere", "0")], there.Tensors, type, side, maxShardBytes);
        using var backend = new CpuBackend();
        RunReport report = OutputRun.Execute(plan, folder.PathOf("out"), backend, new RunOptions { MaxShardBytes = maxShardBytes });

        Assert.That(report.BytesRead, Is.EqualTo(12_000));
        using Checkpoint written = Checkpoint.Open(folder.PathOf("out"));
        Assert.That(written.Files, Has.Length.EqualTo(shards));
        Assert.That(File.ReadAllText(Path.Combine(written.Folder, "config.json")), Is.EqualTo("{}"));
        Manifest manifest = Manifest.Read(folder.PathOf("out"));
        Assert.That((manifest.Operation, manifest.Recipe, manifest.Inputs[0].Path), Is.EqualTo(("train", "a description", "somewhere")));
        for (int k = 0; k < 3; k++)
        {
            StoredTensor tensor = written.Find($"{"abc"[k]}")!;
            Assert.That(tensor.Spec, Is.EqualTo(there.Tensors[k].Spec with { Type = type }));
            byte[] bytes = tensor.Read(0, 1000, default).Bytes.Span.ToArray();
            for (int i = 0; i < 1000; i++)
            {
                float number = Numbers[(k * 1000) + i];
                double stored = type switch
                {
                    ElementType.F32 => BitConverter.ToSingle(bytes, 4 * i),
                    ElementType.F16 => (double)BitConverter.ToHalf(bytes, 2 * i),
                    _ => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, 2 * i) << 16),
                };
                double expected = type switch
                {
                    ElementType.F32 => number,
                    ElementType.F16 => (double)(Half)number,
                    _ => NearestBFloat16(number),
                };
                Assert.That(stored, Is.EqualTo(expected));
            }
        }
    }

    private static double NearestBFloat16(float number)
    {
        uint bits = BitConverter.SingleToUInt32Bits(number);
        double below = BitConverter.UInt32BitsToSingle(bits & 0xFFFF_0000);
        double above = BitConverter.UInt32BitsToSingle((bits & 0xFFFF_0000) + 0x1_0000);
        double toBelow = Math.Abs(number - below), toAbove = Math.Abs(above - number);
        return toBelow < toAbove || (toBelow == toAbove && (bits & 0x1_0000) == 0) ? below : above;
    }
}
