using DemEngine.Memory;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// The device's copy of an input, which may be incomplete. Parts are copied in any order, on any stream.
/// </summary>
/// <param name="host">The whole input in host memory.</param>
/// <param name="buffer">Device memory of the same length.</param>
internal sealed class ResidentInput(NativeBytes host, MemoryBuffer1D<byte, Stride1D.Dense> buffer)
{
    private readonly Lock _lock = new();

    /// <summary>Ranges of bytes that are on the device. They neither overlap nor touch.</summary>
    private readonly List<(int From, int To)> _there = [];

    public MemoryBuffer1D<byte, Stride1D.Dense> Buffer => buffer;

    /// <summary>Address of the input in host memory.</summary>
    public nint Address => host.Address;

    /// <summary>Number of users of the copy, counted by its owner.</summary>
    public int Users { get; set; }

    /// <summary>Whether this is the copy of the given input.</summary>
    public bool Is(NativeBytes input) => input.Address == host.Address && input.Length == host.Length;

    /// <summary>Whether this is the copy of the input to which a part belongs.</summary>
    public bool Contains(NativeBytes part) =>
        part.Address >= host.Address && part.Address + part.Length <= host.Address + host.Length;

    /// <summary>Whether the whole part is on the device.</summary>
    public bool Has(NativeBytes part)
    {
        int from = Offset(part);
        lock (_lock)
            return _there.Exists(range => range.From <= from && from + part.Length <= range.To);
    }

    /// <summary>Device memory of a part, whether or not the part has been copied yet.</summary>
    public ArrayView<byte> Place(NativeBytes part) => buffer.View.BaseView.SubView(Offset(part), part.Length);

    /// <summary>Marks a part as copied. Called once the stream that copies it has finished its work.</summary>
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
