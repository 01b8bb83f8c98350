using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Runtime;
using Launcher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<long>,
    long>;

namespace DemEngine.Kernels.Launching;

/// <summary>Compiles <see cref="ConvertKernel"/> for an input and an output type.</summary>
internal readonly struct ConvertLoader(Accelerator accelerator, ElementType output) : IDeviceElementVisitor<Launcher>
{
    public Launcher Visit<TInput>()
        where TInput : unmanaged, IDeviceElement =>
        DeviceElements.Dispatch<To<TInput>, Launcher>(output, new To<TInput>(accelerator));

    private readonly struct To<TInput>(Accelerator accelerator) : IDeviceElementVisitor<Launcher>
        where TInput : unmanaged, IDeviceElement
    {
        public Launcher Visit<TOutput>()
            where TOutput : unmanaged, IDeviceElement =>
            KernelLoading.Load<ArrayView<Words4>, ArrayView<Words4>, ArrayView<long>, long>(
                accelerator, ConvertKernel.Run<TInput, TOutput>);
    }
}
