using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Launching;
using DemEngine.Kernels.Streaming;
using DemEngine.Numerics;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>The kernels that are measured, which read and write device memory.</summary>
/// <param name="accelerator">Device to measure.</param>
/// <param name="kernels">Compiled kernels of the device.</param>
/// <param name="maxBytes">
/// Maximum of device memory to take, in bytes. All of it is taken, so that the tensors do not fit caches.
/// </param>
internal sealed class KernelCases(Accelerator accelerator, KernelTable kernels, long maxBytes)
{
    // More memory would not change the rates, and numbers of elements are ints.
    private const long MaxBytes = 4L << 30;

    private static readonly (string Name, Func<KernelCases, KernelCase> Make)[] All =
    [
        ("combine 1 BF16", cases => cases.Combine(ElementType.BF16, 1)),
        ("combine 2 BF16", cases => cases.Combine(ElementType.BF16, 2)),
        ("combine 4 BF16", cases => cases.Combine(ElementType.BF16, 4)),
        ("combine 8 BF16", cases => cases.Combine(ElementType.BF16, 8)),
        ("combine 16 BF16", cases => cases.Combine(ElementType.BF16, 16)),
        ("combine 2 F32", cases => cases.Combine(ElementType.F32, 2)),
        ("extract BF16 to F32", cases => cases.Extract(ElementType.BF16, ElementType.F32)),
        ("extract BF16", cases => cases.Extract(ElementType.BF16, ElementType.BF16)),
        ("convert BF16 to F32", cases => cases.Convert(ElementType.BF16, ElementType.F32)),
        ("convert F32 to BF16", cases => cases.Convert(ElementType.F32, ElementType.BF16)),
        ("gram 1 BF16", cases => cases.Gram(ElementType.BF16, 1)),
        ("gram 2 BF16", cases => cases.Gram(ElementType.BF16, 2)),
        ("gram 4 BF16", cases => cases.Gram(ElementType.BF16, 4)),
    ];

    /// <summary>Names of the kernels: operation, number of sources, element types.</summary>
    public static IEnumerable<string> Names => All.Select(entry => entry.Name);

    /// <summary>Makes the kernel of one of <see cref="Names"/>, with its tensors.</summary>
    public KernelCase Make(string name) => All.Single(entry => entry.Name == name).Make(this);

    /// <summary>Makes the combination b + Σ w(x − b) of a number of sources.</summary>
    private KernelCase Combine(ElementType type, int sources)
    {
        int bytes = (sources + 2) * type.Size;
        int elements = Elements(bytes);
        AcceleratorStream stream = accelerator.CreateStream();
        var tensors = new DeviceTensors(accelerator, stream, type, sources + 1, elements, TileShape.Stride(type, elements));
        var shape = new CombineShape
        {
            Elements = elements,
            Stride = tensors.StrideWords,
            Terms = sources,
            UsesBase = 1,
            StartsFromBase = 1,
            ErrorScale = SingleCombineKernel.ErrorScale(sources),
        };
        var terms = tensors.Terms(stream);
        var run = kernels.SingleCombine(type, type) ?? kernels.Combine(type, type);
        return new KernelCase(
            bytes, tensors, stream,
            () => run(
                stream,
                kernels.ElementwiseConfig(elements),
                tensors.Inputs,
                tensors.Result<Words4>(),
                terms,
                tensors.Counts,
                shape));
    }

    /// <summary>Makes the extraction x − b.</summary>
    private KernelCase Extract(ElementType input, ElementType output)
    {
        int bytes = (2 * input.Size) + output.Size;
        int elements = Elements(bytes);
        AcceleratorStream stream = accelerator.CreateStream();
        var tensors = new DeviceTensors(accelerator, stream, input, 2, elements, TileShape.Stride(output, elements));
        var shape = new ExtractShape { Elements = elements };
        var run = kernels.Extract(input, input, output);
        return new KernelCase(
            bytes, tensors, stream,
            () => run(
                stream,
                kernels.ElementwiseConfig(elements),
                tensors.Input(0),
                tensors.Input(1),
                tensors.Result<Words4>(),
                tensors.Counts,
                shape));
    }

    /// <summary>Makes the conversion from one element type to another.</summary>
    private KernelCase Convert(ElementType input, ElementType output)
    {
        int bytes = input.Size + output.Size;
        int elements = Elements(bytes);
        AcceleratorStream stream = accelerator.CreateStream();
        var tensors = new DeviceTensors(accelerator, stream, input, 1, elements, TileShape.Stride(output, elements));
        var run = kernels.Convert(input, output);
        return new KernelCase(
            bytes, tensors, stream,
            () => run(
                stream,
                kernels.ElementwiseConfig(elements),
                tensors.Input(0),
                tensors.Result<Words4>(),
                tensors.Counts,
                elements));
    }

    /// <summary>Makes the Gram matrix: all dot products of the differences and the base.</summary>
    private KernelCase Gram(ElementType type, int sources)
    {
        int order = sources + 1;
        int elements = Elements(order * type.Size);
        int leaves = GramOrder.LeafCount(elements);
        AcceleratorStream stream = accelerator.CreateStream();
        var tensors = new DeviceTensors(
            accelerator, stream, type, order, elements, (long)leaves * GramMatrix.PairCount(order) * sizeof(double));
        var shape = new GramShape { Elements = elements, Stride = tensors.StrideWords, Order = order, RelativeToBase = 1 };
        var run = kernels.Gram(type);
        return new KernelCase(
            order * type.Size, tensors, stream,
            () => run(
                stream,
                kernels.GramConfig(leaves * GramKernel.TasksPerLeaf(order)),
                tensors.Inputs,
                tensors.Result<double>(),
                shape));
    }

    /// <summary>
    /// Maximum number of elements that the memory holds, in whole leaves. A hundredth is left for data other than tensors.
    /// </summary>
    private int Elements(int bytesPerElement)
    {
        long elements = (long)(Math.Min(maxBytes, MaxBytes) * 0.99) / bytesPerElement;
        return (int)(Math.Max(1, elements / GramOrder.LeafElements) * GramOrder.LeafElements);
    }
}
