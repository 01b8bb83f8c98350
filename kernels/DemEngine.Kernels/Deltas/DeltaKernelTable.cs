using System.Collections.Concurrent;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Launching;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Runtime;
using CountLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<uint>,
    DemEngine.Kernels.Deltas.CountShape>;
using FilterLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<float>,
    DemEngine.Kernels.Deltas.FilterShape>;
using MixLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Deltas.DeviceWeights>,
    ILGPU.ArrayView<long>,
    DemEngine.Kernels.Deltas.MixShape>;
using OverlapLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<uint>,
    ILGPU.ArrayView<double>,
    DemEngine.Kernels.Deltas.OverlapShape>;
using SpreadLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    DemEngine.Kernels.Deltas.VarianceShape>;
using SumLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<double>,
    DemEngine.Kernels.Deltas.SumShape>;

namespace DemEngine.Kernels.Deltas;

/// <summary>The kernels for sparse differences on a device, each compiled on first use.</summary>
internal sealed class DeltaKernelTable(Accelerator accelerator)
{
    private readonly ConcurrentDictionary<(ElementType, ElementType), Lazy<MixLauncher>> _mix = new();

    private readonly Lazy<FilterLauncher> _filter = new(
        () => KernelLoading.Load<ArrayView<Words4>, ArrayView<Words4>, ArrayView<float>, FilterShape>(
            accelerator, MaskKernel.Run));

    private readonly Lazy<SpreadLauncher> _spread = new(
        () => KernelLoading.Load<ArrayView<Words4>, ArrayView<Words4>, VarianceShape>(
            accelerator, VarianceKernel.Run));

    private readonly Lazy<CountLauncher> _count = new(
        () => KernelLoading.Load<ArrayView<Words4>, ArrayView<float>, ArrayView<uint>, CountShape>(
            accelerator, CountKernel.Run));

    private readonly Lazy<SumLauncher> _sum = new(
        () => KernelLoading.Load<ArrayView<float>, ArrayView<double>, SumShape>(
            accelerator, SumKernel.Run));

    private readonly Lazy<OverlapLauncher> _overlap = new(
        () => KernelLoading.Load<ArrayView<uint>, ArrayView<double>, OverlapShape>(
            accelerator, OverlapKernel.Run));

    public FilterLauncher Filter => _filter.Value;

    public SpreadLauncher Spread => _spread.Value;

    public CountLauncher Count => _count.Value;

    public SumLauncher Sum => _sum.Value;

    public OverlapLauncher Overlap => _overlap.Value;

    public MixLauncher Mix(ElementType basis, ElementType output) =>
        _mix.GetOrAdd((basis, output), _ => new Lazy<MixLauncher>(
            () => DeviceElements.Dispatch<MixLoader, MixLauncher>(basis, new MixLoader(accelerator, output)))).Value;

    /// <summary>Compiles <see cref="ConsensusKernel"/> for the types of the base and the output.</summary>
    private readonly struct MixLoader(Accelerator accelerator, ElementType output) : IDeviceElementVisitor<MixLauncher>
    {
        public MixLauncher Visit<TBase>()
            where TBase : unmanaged, IDeviceElement =>
            DeviceElements.Dispatch<To<TBase>, MixLauncher>(output, new To<TBase>(accelerator));
    }

    private readonly struct To<TBase>(Accelerator accelerator) : IDeviceElementVisitor<MixLauncher>
        where TBase : unmanaged, IDeviceElement
    {
        public MixLauncher Visit<TOutput>()
            where TOutput : unmanaged, IDeviceElement =>
            KernelLoading.Load<
                ArrayView<Words4>,
                ArrayView<Words4>,
                ArrayView<Words4>,
                ArrayView<DeviceWeights>,
                ArrayView<long>,
                MixShape>(
                accelerator, ConsensusKernel.Run<TBase, TOutput>);
    }
}
