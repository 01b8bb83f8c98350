using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Perf;

/// <summary>A base and models tuned from it, as merges meet them: weights of deviation 0.02, differences of deviation 0.001.</summary>
internal static class TestData
{
    /// <summary>A tile of output of a megabyte in BF16: what the pipeline works on.</summary>
    public const int Elements = 512 * 1024;

    private static readonly List<NativeBuffer> Kept = [];

    public static TypedBytes[] Family(ElementType type, int sources)
    {
        using ITileWorker worker = new CpuBackend().CreateWorker();
        float[] weights = Normal(0, 0.02);
        return [.. Enumerable.Range(0, sources + 1).Select(model =>
        {
            float[] moved = model == 0 ? weights : [.. weights.Zip(Normal(model, 0.001), (weight, difference) => weight + difference)];
            TypedBytes target = Allocate(type);
            worker.Combine(LinearCombination.BaseAlone, [Singles(moved)], target);
            return target;
        })];
    }

    public static TypedBytes Allocate(ElementType type) => new(type, Allocate(Elements * type.Size));

    /// <summary>Memory for as long as the process lives.</summary>
    public static NativeBytes Allocate(int bytes)
    {
        var buffer = new NativeBuffer(bytes);
        Kept.Add(buffer);
        return buffer.Bytes;
    }

    private static TypedBytes Singles(float[] values)
    {
        TypedBytes singles = Allocate(ElementType.F32);
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(singles.Bytes.Span);
        return singles;
    }

    private static float[] Normal(int seed, double deviation)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Elements).Select(_ =>
            (float)(deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
