using System.Collections.Concurrent;
using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using CombineLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<long>,
    DemEngine.Kernels.CombineShape>;
using ConvertLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<long>,
    long>;
using ExtractLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<long>,
    DemEngine.Kernels.ExtractShape>;
using GramLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<double>,
    DemEngine.Kernels.GramShape>;

namespace DemEngine.Kernels.Launching;

/// <summary>The kernels of a device, each compiled on first use, and the launch configurations for them.</summary>
internal sealed class KernelTable
{
    private const int ThreadsPerGroup = 256;
    private const int GroupsPerMultiprocessor = 16;

    private readonly Accelerator _accelerator;
    private readonly ConcurrentDictionary<(ElementType, ElementType), Lazy<CombineLauncher>> _combine = new();
    private readonly ConcurrentDictionary<(ElementType, ElementType), Lazy<CombineLauncher>> _singleCombine = new();
    private readonly ConcurrentDictionary<(ElementType, ElementType), Lazy<ConvertLauncher>> _convert = new();
    private readonly ConcurrentDictionary<(ElementType, ElementType, ElementType), Lazy<ExtractLauncher>> _extract = new();
    private readonly ConcurrentDictionary<ElementType, Lazy<GramLauncher>> _gram = new();
    private readonly bool _isSimulated;
    private readonly bool _hasFastDoubles;

    public KernelTable(Accelerator accelerator)
    {
        _accelerator = accelerator;
        _isSimulated = accelerator.AcceleratorType == AcceleratorType.CPU;

        // CUDA C Programming Guide, throughput of arithmetic instructions: of these architectures a multiprocessor does 32 or 64
        // binary64 operations in a cycle, of all others at most 4.
        _hasFastDoubles = accelerator is CudaAccelerator { Architecture: { Major: 6 or 7 or 8 or 9 or 10, Minor: 0 } };
    }

    public CombineLauncher Combine(ElementType input, ElementType output) =>
        _combine.GetOrAdd((input, output), _ => new Lazy<CombineLauncher>(
            () => DeviceElements.Dispatch<CombineLoader, CombineLauncher>(input, new CombineLoader(_accelerator, output)))).Value;

    /// <summary>
    /// The kernel that tries binary32 first; null if there is none for these types, or where a device gains nothing by it.
    /// </summary>
    public CombineLauncher? SingleCombine(ElementType input, ElementType output) =>
        !_hasFastDoubles && SingleCombineLoader.Has(input, output)
            ? _singleCombine.GetOrAdd((input, output), _ => new Lazy<CombineLauncher>(
                () => DeviceElements.Dispatch<SingleCombineLoader, CombineLauncher>(
                    input,
                    new SingleCombineLoader(_accelerator, output)))).Value
            : null;

    public ConvertLauncher Convert(ElementType input, ElementType output) =>
        _convert.GetOrAdd((input, output), _ => new Lazy<ConvertLauncher>(
            () => DeviceElements.Dispatch<ConvertLoader, ConvertLauncher>(input, new ConvertLoader(_accelerator, output)))).Value;

    public ExtractLauncher Extract(ElementType basis, ElementType tuned, ElementType output) =>
        _extract.GetOrAdd((basis, tuned, output), _ => new Lazy<ExtractLauncher>(
            () => DeviceElements.Dispatch<ExtractLoader, ExtractLauncher>(
                basis,
                new ExtractLoader(_accelerator, tuned, output)))).Value;

    public GramLauncher Gram(ElementType input) =>
        _gram.GetOrAdd(input, _ => new Lazy<GramLauncher>(
            () => DeviceElements.Dispatch<GramLoader, GramLauncher>(input, new GramLoader(_accelerator)))).Value;

    /// <summary>
    /// Launch configuration for a number of elements, which threads take eight at a time. A thread may take several groups.
    /// </summary>
    public KernelConfig ElementwiseConfig(int elements)
    {
        // The simulation's threads are threads of the operating system. Two groups are enough to exercise a grid.
        if (_isSimulated)
            return new KernelConfig(2, 2);

        int threads = Math.Min(ThreadsPerGroup, _accelerator.MaxNumThreadsPerGroup);
        int groups = (elements + (threads * Eight.Count) - 1) / (threads * Eight.Count);
        return new KernelConfig(Math.Min(groups, _accelerator.NumMultiprocessors * GroupsPerMultiprocessor), threads);
    }

    /// <summary>
    /// Launch configuration with one thread group per task, up to the number of groups that the device runs well.
    /// </summary>
    public KernelConfig GramConfig(int tasks)
    {
        if (_isSimulated)
            return new KernelConfig(Math.Min(tasks, 2), 1);

        int threads = Math.Min(ThreadsPerGroup, _accelerator.MaxNumThreadsPerGroup);
        return new KernelConfig(Math.Min(tasks, _accelerator.NumMultiprocessors * GroupsPerMultiprocessor), threads);
    }
}
