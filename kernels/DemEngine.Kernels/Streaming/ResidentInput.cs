using DemEngine.Memory;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>The device's copy of an input, as far as it has come. Parts come in any order, on any stream.</summary>
/// <param name="host">The whole input.</param>
/// <param name="buffer">As long.</param>
internal sealed class ResidentInput(NativeBytes host, MemoryBuffer1D<byte, Stride1D.Dense> buffer)
{
    private readonly Lock _lock = new();

    /// <summary>What is there: ranges that neither overlap nor touch.</summary>
    private readonly List<(int From, int To)> _there = [];

    public MemoryBuffer1D<byte, Stride1D.Dense> Buffer => buffer;

    /// <summary>How many keep it. For its owner to count.</summary>
    public int Users { get; set; }

    /// <summary>Whether it is the copy of an input.</summary>
    public bool Is(NativeBytes input) => input.Address == host.Address && input.Length == host.Length;

    /// <summary>Whether it is the copy of the input that a part belongs to.</summary>
    public bool Contains(NativeBytes part) => part.Address >= host.Address && part.Address + part.Length <= host.Address + host.Length;

    /// <summary>Whether the whole part is there.</summary>
    public bool Has(NativeBytes part)
    {
        int from = Offset(part);
        lock (_lock)
            return _there.Exists(range => range.From <= from && from + part.Length <= range.To);
    }

    /// <summary>Where a part is or will be.</summary>
    public ArrayView<byte> Place(NativeBytes part) => buffer.View.BaseView.SubView(Offset(part), part.Length);

    /// <summary>Called once what was asked of the stream that copies a part is done.</summary>
    public void Came(NativeBytes part)
    {
        int from = Offset(part);
        int to = from + part.Length;
        lock (_lock)
        {
            foreach (var range in _there.Where(range => range.From <= to && from <= range.To))
                (from, to) = (Math.Min(from, range.From), Math.Max(to, range.To));
            _there.RemoveAll(range => range.From <= to && from <= range.To);
            _there.Add((from, to));
        }
    }

    private int Offset(NativeBytes part) => (int)(part.Address - host.Address);
}
