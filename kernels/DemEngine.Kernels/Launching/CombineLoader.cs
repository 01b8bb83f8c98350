using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Runtime;
using Launcher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<long>,
    DemEngine.Kernels.CombineShape>;

namespace DemEngine.Kernels.Launching;

/// <summary>Compiles <see cref="CombineKernel"/> for an input and an output type.</summary>
internal readonly struct CombineLoader(Accelerator accelerator, ElementType output) : IDeviceElementVisitor<Launcher>
{
    public Launcher Visit<TInput>()
        where TInput : unmanaged, IDeviceElement =>
        DeviceElements.Dispatch<To<TInput>, Launcher>(output, new To<TInput>(accelerator));

    private readonly struct To<TInput>(Accelerator accelerator) : IDeviceElementVisitor<Launcher>
        where TInput : unmanaged, IDeviceElement
    {
        public Launcher Visit<TOutput>()
            where TOutput : unmanaged, IDeviceElement =>
            KernelLoading.Load<ArrayView<Words4>, ArrayView<Words4>, ArrayView<Words4>, ArrayView<long>, CombineShape>(
                accelerator, CombineKernel.Run<TInput, TOutput>);
    }
}
