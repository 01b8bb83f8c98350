using DemEngine.Kernels.Devices;
using DemEngine.Kernels.Launching;
using DemEngine.Numerics.LowRank;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Rows;

/// <summary>
/// Products with thin matrices on a device: both thin matrices lie in its memory during a product, and the large one's rows go by
/// part by part.
/// </summary>
internal sealed class DeviceThinProducts(string device, Accelerator accelerator, KernelTable kernels, RowKernelTable rowKernels)
    : IThinProducts
{
    private readonly AcceleratorStream _stream = Bound(accelerator, accelerator.CreateStream);
    private MemoryBuffer1D<double, Stride1D.Dense>? _x;
    private MemoryBuffer1D<double, Stride1D.Dense>? _y;
    private MemoryBuffer1D<float, Stride1D.Dense>? _m;
    private ThinMatrix? _from;
    private ThinMatrix? _to;
    private bool _isTransposed;

    public void Begin(ThinMatrix x, ThinMatrix y, bool isTransposed) => Run(() =>
    {
        (_from, _to, _isTransposed) = (x, y, isTransposed);
        Fit(ref _x, x.Values.Length);
        Fit(ref _y, y.Values.Length);
        _x!.View.SubView(0, x.Values.Length).CopyFromCPU(_stream, x.Values);
        _y!.View.SubView(0, y.Values.Length).MemSetToZero(_stream);
        _stream.Synchronize();
    });

    public void Add(ReadOnlySpan<float> rows, int firstRow)
    {
        ThinMatrix x = _from!;
        ThinMatrix y = _to!;
        int columns = _isTransposed ? y.Rows : x.Rows;
        int count = rows.Length / columns;
        float[] strip = rows.ToArray();
        Run(() =>
        {
            Fit(ref _m, strip.Length);
            _m!.View.SubView(0, strip.Length).CopyFromCPU(_stream, strip);
            long first = (long)firstRow * x.Stride;
            long ofRows = (long)count * x.Stride;
            var shape = new ThinShape
            {
                Rows = _isTransposed ? columns : count,
                Products = _isTransposed ? count : columns,
                Outer = _isTransposed ? 1 : columns,
                Inner = _isTransposed ? columns : 1,
                Stride = x.Stride,
            };
            rowKernels.Multiply(
                _stream,
                kernels.ElementwiseConfig(shape.Rows * shape.Stride),
                _m.View.AsContiguous(),
                _isTransposed ? _x!.View.AsContiguous().SubView(first, ofRows) : _x!.View.AsContiguous(),
                _isTransposed ? _y!.View.AsContiguous() : _y!.View.AsContiguous().SubView(first, ofRows),
                shape);
            _stream.Synchronize();
        });
    }

    public void End() => Run(() =>
    {
        _y!.View.SubView(0, _to!.Values.Length).CopyToCPU(_stream, _to.Values);
        _stream.Synchronize();
    });

    public void Dispose()
    {
        using var context = new BoundContext(accelerator);
        _x?.Dispose();
        _y?.Dispose();
        _m?.Dispose();
        _stream.Dispose();
    }

    private static T Bound<T>(Accelerator accelerator, Func<T> make)
    {
        using var context = new BoundContext(accelerator);
        return make();
    }

    private void Fit<T>(ref MemoryBuffer1D<T, Stride1D.Dense>? buffer, int length)
        where T : unmanaged
    {
        if (buffer is not null && buffer.Length >= length)
            return;
        buffer?.Dispose();
        buffer = null;
        buffer = accelerator.Allocate1D<T>(length);
    }

    private void Run(Action work)
    {
        try
        {
            using var context = new BoundContext(accelerator);
            work();
        }
        catch (Exception e) when (DeviceFault.Is(e))
        {
            throw DeviceFault.Name(e, device);
        }
    }
}
