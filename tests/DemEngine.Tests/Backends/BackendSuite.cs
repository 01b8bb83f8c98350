using DemEngine.Backends;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Backends;

/// <summary>What every backend must pass: the bits of the reference. Derived fixtures name the backend.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract partial class BackendSuite : IDisposable
{
    private readonly Lazy<IMergeBackend> _backend;
    private readonly Lazy<ITileWorker> _worker;

    protected BackendSuite()
    {
        _backend = new Lazy<IMergeBackend>(CreateBackend);
        _worker = new Lazy<ITileWorker>(() => _backend.Value.CreateWorker());
    }

    private static IEnumerable<ElementType> Types => ReferenceFloat.Types;

    /// <summary>The types with the binary32 path, which has to be attacked.</summary>
    private static IEnumerable<ElementType> HalfTypes => [ElementType.BF16, ElementType.F16];

    private ITileWorker Worker => _worker.Value;

    protected abstract IMergeBackend CreateBackend();

    public void Dispose()
    {
        if (_worker.IsValueCreated)
            _worker.Value.Dispose();
        if (_backend.IsValueCreated)
            _backend.Value.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Check(LinearCombination combination, ElementType[] inputs, ElementType output, int count, InputKind kind, Random random)
    {
        using var @case = new CombineCase(combination, inputs, output, count, offset: random.Next(64));
        InputValues.Fill(@case, kind, random);
        @case.Check(Worker);
    }
}
