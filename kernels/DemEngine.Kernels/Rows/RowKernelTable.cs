using DemEngine.Kernels.Launching;
using ILGPU;
using ILGPU.Runtime;
using ColumnCombineLauncher = System.Action<
    ILGPU.Runtime.AcceleratorStream,
    ILGPU.KernelConfig,
    ILGPU.ArrayView<double>,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<double>,
    DemEngine.Kernels.Rows.ColumnCombineShape>;

namespace DemEngine.Kernels.Rows;

/// <summary>The kernels that work on whole rows or columns, each compiled on first use.</summary>
internal sealed class RowKernelTable(Accelerator accelerator)
{
    private readonly Lazy<Action<AcceleratorStream, KernelConfig, ArrayView<uint>, ArrayView<ulong>, RowSortShape>> _sort = new(
        () => KernelLoading.Load<ArrayView<uint>, ArrayView<ulong>, RowSortShape>(accelerator, RowSortKernel.Run));

    private readonly Lazy<Action<AcceleratorStream, KernelConfig, ArrayView<ulong>, ArrayView<uint>, RowSortShape>> _rank = new(
        () => KernelLoading.Load<ArrayView<ulong>, ArrayView<uint>, RowSortShape>(accelerator, RowRankKernel.Run));

    private readonly Lazy<Action<
        AcceleratorStream, KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<float>, DivergenceShape>> _diverge = new(
        () => KernelLoading.Load<ArrayView<double>, ArrayView<double>, ArrayView<float>, DivergenceShape>(
            accelerator, DivergenceKernel.Run));

    private readonly Lazy<Action<
        AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<double>, ArrayView<double>, ThinShape>> _multiply = new(
        () => KernelLoading.Load<ArrayView<float>, ArrayView<double>, ArrayView<double>, ThinShape>(
            accelerator, ThinProductKernel.Run));

    private readonly Lazy<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<double>, ColumnGramShape>> _gram =
        new(() => KernelLoading.Load<ArrayView<float>, ArrayView<double>, ColumnGramShape>(accelerator, ColumnGramKernel.Run));

    private readonly Lazy<ColumnCombineLauncher> _combine = new(
        () => KernelLoading.Load<ArrayView<double>, ArrayView<float>, ArrayView<double>, ColumnCombineShape>(
            accelerator, ColumnCombineKernel.Run));

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<double>, ColumnGramShape> ColumnGram =>
        _gram.Value;

    public ColumnCombineLauncher ColumnCombine => _combine.Value;

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<double>, ArrayView<double>, ThinShape> Multiply =>
        _multiply.Value;

    public Action<AcceleratorStream, KernelConfig, ArrayView<uint>, ArrayView<ulong>, RowSortShape> Sort => _sort.Value;

    public Action<AcceleratorStream, KernelConfig, ArrayView<ulong>, ArrayView<uint>, RowSortShape> Rank => _rank.Value;

    public Action<
        AcceleratorStream, KernelConfig, ArrayView<double>, ArrayView<double>, ArrayView<float>, DivergenceShape> Diverge =>
        _diverge.Value;
}
