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
    DemEngine.Kernels.ExtractShape>;

namespace DemEngine.Kernels.Launching;

/// <summary>Compiles <see cref="ExtractKernel"/> for the types of the base, the tuned model and the output.</summary>
internal readonly struct ExtractLoader(Accelerator accelerator, ElementType tuned, ElementType output)
    : IDeviceElementVisitor<Launcher>
{
    public Launcher Visit<TBase>()
        where TBase : unmanaged, IDeviceElement =>
        DeviceElements.Dispatch<From<TBase>, Launcher>(tuned, new From<TBase>(accelerator, output));

    private readonly struct From<TBase>(Accelerator accelerator, ElementType output) : IDeviceElementVisitor<Launcher>
        where TBase : unmanaged, IDeviceElement
    {
        public Launcher Visit<TTuned>()
            where TTuned : unmanaged, IDeviceElement =>
            DeviceElements.Dispatch<To<TBase, TTuned>, Launcher>(output, new To<TBase, TTuned>(accelerator));
    }

    private readonly struct To<TBase, TTuned>(Accelerator accelerator) : IDeviceElementVisitor<Launcher>
        where TBase : unmanaged, IDeviceElement
        where TTuned : unmanaged, IDeviceElement
    {
        public Launcher Visit<TOutput>()
            where TOutput : unmanaged, IDeviceElement =>
            KernelLoading.Load<ArrayView<Words4>, ArrayView<Words4>, ArrayView<Words4>, ArrayView<long>, ExtractShape>(
                accelerator, ExtractKernel.Run<TBase, TTuned, TOutput>);
    }
}
