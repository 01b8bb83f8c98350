using DemEngine.Backends;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Memory;
using DemEngine.Numerics;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>
/// How many instructions of PTX kernels execute for an element: what the bounds in docs/kernels.md are made of, and what a change
/// to a kernel must not raise unnoticed. Alone, as the driver counts for all devices together.
/// </summary>
[NonParallelizable]
public sealed class InstructionTests
{
    private const int Elements = 8 * GramOrder.LeafElements;

    private IlgpuBackend _device = null!;
    private ITileWorker _worker = null!;

    [OneTimeSetUp]
    public void Open()
    {
        Cuda.NeedEmulation();
        _device = IlgpuBackend.Open(new DeviceName(AcceleratorType.Cuda, 0), 16 << 20);
        _worker = _device.CreateWorker();
    }

    [OneTimeTearDown]
    public void Dispose()
    {
        _worker?.Dispose();
        _device?.Dispose();
    }

    /// <summary>Of a base and its differences, in BF16.</summary>
    [TestCase(2, 85)]
    [TestCase(3, 130)]
    [TestCase(4, 170)]
    public void Gram_takes_no_more_instructions_an_element_than_its_vectors_need(int vectors, double most)
    {
        double count = Count(vectors, inputs =>
            _worker.Gram(true, inputs, new double[GramOrder.LeafCount(Elements) * GramMatrix.PairCount(vectors)]));
        TestContext.Out.WriteLine(FormattableString.Invariant($"{count:0.0} instructions"));
        Assert.That(count, Is.LessThan(most));
    }

    /// <summary>
    /// Base and two models that are a few last places apart, to BF16. With weights of 0.5 half of the sums lie in the middle
    /// between two results, with longer ones 1 in 30 next to it.
    /// </summary>
    [TestCase(0.5f, 0.5f, 190)]
    [TestCase(0.55f, 0.3f, 85)]
    public void Undecided_sums_cost_no_more_instructions_than_stated(float first, float second, double most)
    {
        var sum = new LinearCombination(true, new Term(first, TermKind.RelativeToBase), new Term(second, TermKind.RelativeToBase));
        using var output = new NativeBuffer(Elements * sizeof(ushort));
        double count = Count(3, inputs => _worker.Combine(sum, inputs, new TypedBytes(ElementType.BF16, output.Bytes)));
        TestContext.Out.WriteLine(FormattableString.Invariant($"{count:0.0} instructions"));
        Assert.That(count, Is.LessThan(most));
    }

    private static double Count(int inputs, Action<TypedBytes[]> run)
    {
        var random = new Random(7);
        NativeBuffer[] buffers = [.. Enumerable.Range(0, inputs).Select(_ => new NativeBuffer(Elements * sizeof(ushort)))];
        for (int k = 0; k < Elements; k++)
        {
            uint bits = BitConverter.SingleToUInt32Bits((float)(0.02 * (random.NextDouble() - 0.5))) >> 16;
            foreach (NativeBuffer buffer in buffers)
                BitConverter.TryWriteBytes(buffer.Bytes.Span[(2 * k)..], (ushort)(bits + random.Next(-2, 3)));
        }

        long before = Cuda.Count("instructions");
        run([.. buffers.Select(buffer => new TypedBytes(ElementType.BF16, buffer.Bytes))]);
        long executed = Cuda.Count("instructions") - before;
        Array.ForEach(buffers, buffer => buffer.Dispose());
        return (double)executed / Elements;
    }
}
