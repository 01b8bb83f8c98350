using DemEngine.Backends;
using DemEngine.Backends.Cpu;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>The processor, which counts its calls and breaks down at one of them.</summary>
internal sealed class FailingBackend(int failAt) : IMergeBackend
{
    private readonly CpuBackend _cpu = new();
    private int _calls;

    public int Calls => _calls;

    public string Name => "failing";

    public string Description => "breaks down";

    public ITileWorker CreateWorker() => new Worker(this);

    public void Dispose() => _cpu.Dispose();

    private void Count()
    {
        if (Interlocked.Increment(ref _calls) == failAt + 1)
            throw new InvalidDataException("the device fell off the bus");
    }

    private sealed class Worker(FailingBackend backend) : ITileWorker
    {
        private readonly ITileWorker _worker = backend._cpu.CreateWorker();

        public NonFinite Combine(LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, TypedBytes output)
        {
            backend.Count();
            return _worker.Combine(combination, inputs, output);
        }

        public void Gram(bool relativeToBase, ReadOnlySpan<TypedBytes> inputs, Span<double> leafSums)
        {
            backend.Count();
            _worker.Gram(relativeToBase, inputs, leafSums);
        }

        public void Dispose() => _worker.Dispose();
    }
}
