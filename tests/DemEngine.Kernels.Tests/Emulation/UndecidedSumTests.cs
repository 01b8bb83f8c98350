using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Kernels.Backend;
using DemEngine.Kernels.Devices;
using DemEngine.Memory;
using DemEngine.Numerics;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Tests.Emulation;

/// <summary>
/// Sums that lie at or next to the middle between two results, as those of models that were tuned from one base do: on a device
/// with few binary64 units, which tries binary32 first, and on one with many.
/// </summary>
public sealed class UndecidedSumTests
{
    private const int Elements = 6000;

    private static readonly float[] Short = [0.5f, 0.25f, 0.75f, 1, -0.5f, 1.5f, 3, 0.0009765625f, -1, 4095];

    private static readonly float[] Long = [0.3f, 0.7f, 0.55f, -0.1f, 0.33333334f, 1.1f];

    [OneTimeSetUp]
    public void NeedEmulation() => Cuda.NeedEmulation();

    [Test]
    public void Sums_between_two_results_are_the_processors(
        [Values(0, 1)] int device, [Values(ElementType.BF16, ElementType.F16, ElementType.F8E4M3)] ElementType from, [Values(ElementType.BF16, ElementType.F16)] ElementType to, [Values] bool areShort)
    {
        using IlgpuBackend backend = IlgpuBackend.Open(new DeviceName(AcceleratorType.Cuda, device), 8 << 20);
        using ITileWorker worker = backend.CreateWorker();
        using var cpu = new CpuBackend();
        using ITileWorker processor = cpu.CreateWorker();
        var random = new Random((100 * (int)from) + (10 * (int)to) + (areShort ? 1 : 0));
        for (int round = 0; round < 12; round++)
        {
            bool isRelative = round % 3 != 0;
            float[] weights = areShort ? Short : Long;
            Term[] terms =
            [
                .. Enumerable.Range(0, (round % 4) + 1).Select(_ => new Term(
                    weights[random.Next(weights.Length)], isRelative ? TermKind.RelativeToBase : TermKind.Plain)),
            ];
            var combination = new LinearCombination(isRelative || round % 2 == 0, [.. terms]);
            Assert.That(ExactSingleSum.HasShortWeights(combination), Is.EqualTo(areShort));
            Assert.That(SingleCombineKernel.CanRun(combination));
            NativeBuffer[] inputs = Family(random, from, combination.InputCount, round);
            using var byDevice = new NativeBuffer(Elements * to.Size);
            using var byProcessor = new NativeBuffer(Elements * to.Size);
            TypedBytes[] typed = [.. inputs.Select(one => new TypedBytes(from, one.Bytes))];
            NonFinite found = worker.Combine(combination, typed, new TypedBytes(to, byDevice.Bytes));
            NonFinite expected = processor.Combine(combination, typed, new TypedBytes(to, byProcessor.Bytes));
            bool isSame = byDevice.Bytes.Span.SequenceEqual(byProcessor.Bytes.Span);
            Array.ForEach(inputs, one => one.Dispose());
            Assert.That(isSame, string.Join(" + ", terms.Select(term => $"{term.Weight}·{term.Kind}")));
            Assert.That(found, Is.EqualTo(expected));
        }
    }

    /// <summary>
    /// Numbers a few last places apart; every fourth round any bits at all, and some zeros and tiny numbers in each.
    /// </summary>
    private static NativeBuffer[] Family(Random random, ElementType type, int inputs, int round)
    {
        NativeBuffer[] buffers = [.. Enumerable.Range(0, inputs).Select(_ => new NativeBuffer(Elements * type.Size))];
        int apart = 1 << (round % 5);
        for (int k = 0; k < Elements; k++)
        {
            int bits = random.Next(1 << (8 * type.Size));
            bool isAny = round % 4 == 3;
            if (random.Next(8) == 0)
                bits &= 0x80FF >> (8 * (2 - type.Size));
            foreach (NativeBuffer buffer in buffers)
            {
                int own = isAny ? random.Next(1 << (8 * type.Size)) : bits + random.Next(-apart, apart + 1);
                own = random.Next(40) == 0 ? 0 : own;
                for (int place = 0; place < type.Size; place++)
                    buffer.Bytes.Span[(k * type.Size) + place] = (byte)(own >> (8 * place));
            }
        }

        return buffers;
    }
}
