using DemEngine.Kernels.Elements;
using ILGPU;
using ILGPU.Runtime;
using Launcher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<DemEngine.Kernels.Elements.Words4>,
    ILGPU.ArrayView<double>,
    DemEngine.Kernels.GramShape>;

namespace DemEngine.Kernels.Launching;

/// <summary>Compiles <see cref="GramKernel"/> for an input type.</summary>
internal readonly struct GramLoader(Accelerator accelerator) : IDeviceElementVisitor<Launcher>
{
    public Launcher Visit<TInput>()
        where TInput : unmanaged, IDeviceElement =>
        KernelLoading.Load<ArrayView<Words4>, ArrayView<double>, GramShape>(
            accelerator, GramKernel.Run<TInput>);
}
