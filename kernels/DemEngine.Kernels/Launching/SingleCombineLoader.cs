using DemEngine.Kernels.Elements;
using DemEngine.Numerics;
using DemEngine.Numerics.Elements;
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

/// <summary>Compiles <see cref="SingleCombineKernel"/> for an input and an output type.</summary>
internal readonly struct SingleCombineLoader(Accelerator accelerator, ElementType output) : IDeviceElementVisitor<Launcher>
{
    /// <summary>Whether there is such a kernel: for inputs whose values are binary32 values, and outputs of 16 bits.</summary>
    public static bool Has(ElementType input, ElementType output) =>
        input != ElementType.F64 && (output is ElementType.BF16 or ElementType.F16);

    public Launcher Visit<TInput>()
        where TInput : unmanaged, IDeviceElement =>
        output == ElementType.BF16 ? To<TInput, BF16>() : To<TInput, SmallFloat<F16Format>>();

    private Launcher To<TInput, TOutput>()
        where TInput : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceRounding =>
        KernelLoading.Load<ArrayView<Words4>, ArrayView<Words4>, ArrayView<Words4>, ArrayView<long>, CombineShape>(
            accelerator, SingleCombineKernel.Run<TInput, TOutput>);
}
