using System.Collections.Concurrent;
using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Runtime;
using CombineLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.DeviceTerm>,
    ILGPU.ArrayView<long>,
    DemEngine.Kernels.CombineShape>;
using GramLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<double>,
    DemEngine.Kernels.GramShape>;

namespace DemEngine.Kernels.Streaming;

/// <summary>The kernels of a device, each compiled when it is first asked for, and how many threads run them.</summary>
internal sealed class KernelTable
{
    private const int ThreadsPerGroup = 256;
    private const int GroupsPerMultiprocessor = 16;

    private readonly Accelerator _accelerator;
    private readonly ConcurrentDictionary<(ElementType Input, ElementType Output), Lazy<CombineLauncher>> _combine = new();
    private readonly ConcurrentDictionary<ElementType, Lazy<GramLauncher>> _gram = new();
    private readonly bool _isSimulated;

    public KernelTable(Accelerator accelerator)
    {
        _accelerator = accelerator;
        _isSimulated = accelerator.AcceleratorType == AcceleratorType.CPU;
    }

    public CombineLauncher Combine(ElementType input, ElementType output) =>
        _combine.GetOrAdd((input, output), key => new Lazy<CombineLauncher>(() => LoadCombine(key.Input, key.Output))).Value;

    public GramLauncher Gram(ElementType input) =>
        _gram.GetOrAdd(input, key => new Lazy<GramLauncher>(() => LoadGram(key))).Value;

    /// <summary>Threads for so many groups of eight elements, each of which may take several.</summary>
    public KernelConfig CombineConfig(int elements)
    {
        // The simulation's threads are threads of the system; two groups show what a grid does.
        if (_isSimulated)
            return new KernelConfig(2, 2);

        int threads = Math.Min(ThreadsPerGroup, _accelerator.MaxNumThreadsPerGroup);
        int groups = (elements + (threads * Eight.Count) - 1) / (threads * Eight.Count);
        return new KernelConfig(Math.Min(groups, _accelerator.NumMultiprocessors * GroupsPerMultiprocessor), threads);
    }

    /// <summary>One thread group for each task, as far as that goes.</summary>
    public KernelConfig GramConfig(int tasks)
    {
        if (_isSimulated)
            return new KernelConfig(Math.Min(tasks, 2), 1);

        int threads = Math.Min(ThreadsPerGroup, _accelerator.MaxNumThreadsPerGroup);
        return new KernelConfig(Math.Min(tasks, _accelerator.NumMultiprocessors * GroupsPerMultiprocessor), threads);
    }

    private CombineLauncher LoadCombine(ElementType input, ElementType output) => input switch
    {
        ElementType.F64 => LoadCombine<F64>(output),
        ElementType.F32 => LoadCombine<F32>(output),
        ElementType.BF16 => LoadCombine<BF16>(output),
        ElementType.F16 => LoadCombine<F16>(output),
        ElementType.F8E4M3 => LoadCombine<F8E4M3>(output),
        ElementType.F8E5M2 => LoadCombine<F8E5M2>(output),
        _ => throw NotFloat(input),
    };

    private CombineLauncher LoadCombine<TInput>(ElementType output)
        where TInput : unmanaged, IDeviceElement => output switch
        {
            ElementType.F64 => LoadCombine<TInput, F64>(),
            ElementType.F32 => LoadCombine<TInput, F32>(),
            ElementType.BF16 => LoadCombine<TInput, BF16>(),
            ElementType.F16 => LoadCombine<TInput, F16>(),
            ElementType.F8E4M3 => LoadCombine<TInput, F8E4M3>(),
            ElementType.F8E5M2 => LoadCombine<TInput, F8E5M2>(),
            _ => throw NotFloat(output),
        };

    private CombineLauncher LoadCombine<TInput, TOutput>()
        where TInput : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceElement =>
        _accelerator.LoadKernel<ArrayView<Words4>, ArrayView<Words4>, ArrayView<DeviceTerm>, ArrayView<long>, CombineShape>(
            CombineKernel.Run<TInput, TOutput>);

    private GramLauncher LoadGram(ElementType input) => input switch
    {
        ElementType.F64 => LoadGram<F64>(),
        ElementType.F32 => LoadGram<F32>(),
        ElementType.BF16 => LoadGram<BF16>(),
        ElementType.F16 => LoadGram<F16>(),
        ElementType.F8E4M3 => LoadGram<F8E4M3>(),
        ElementType.F8E5M2 => LoadGram<F8E5M2>(),
        _ => throw NotFloat(input),
    };

    private GramLauncher LoadGram<TInput>()
        where TInput : unmanaged, IDeviceElement =>
        _accelerator.LoadKernel<ArrayView<Words4>, ArrayView<double>, GramShape>(GramKernel.Run<TInput>);

    private static ArgumentOutOfRangeException NotFloat(ElementType type) => new(nameof(type), type, "not a floating-point type");
}
