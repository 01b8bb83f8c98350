using DemEngine.Memory;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// Inputs that are needed again, in device memory from when they are first copied in: the way over the bus is the narrowest that they take.
/// </summary>
/// <param name="accelerator">The device.</param>
/// <param name="maxBytes">Most device memory for them.</param>
internal sealed class ResidentInputs(Accelerator accelerator, long maxBytes) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ResidentInput> _inputs = [];
    private readonly List<MemoryBuffer1D<byte, Stride1D.Dense>> _free = [];
    private long _allocated;
    private long _peak;
    private long _fromHost;

    /// <summary>The most device memory that was taken at a time.</summary>
    public long PeakBytes => Volatile.Read(ref _peak);

    /// <summary>Bytes of inputs that were copied in from the host.</summary>
    public long BytesFromHost => Volatile.Read(ref _fromHost);

    /// <summary>Keeps those inputs, from the first on, for which there is room.</summary>
    public IDisposable? Keep(IReadOnlyList<NativeBytes> inputs)
    {
        lock (_lock)
        {
            ResidentInput[] kept = [.. inputs.Select(Take).OfType<ResidentInput>()];
            return kept.Length == 0 ? null : new Loan(this, kept);
        }
    }

    /// <summary>What is kept of the input that a part belongs to; null where nothing is.</summary>
    public ResidentInput? Of(NativeBytes part)
    {
        lock (_lock)
            return _inputs.Find(input => input.Contains(part));
    }

    /// <summary>Counts what the host gave.</summary>
    public void NoteFromHost(long bytes) => Interlocked.Add(ref _fromHost, bytes);

    public void Dispose()
    {
        foreach (MemoryBuffer1D<byte, Stride1D.Dense> buffer in _free.Concat(_inputs.Select(input => input.Buffer)))
            buffer.Dispose();
        _free.Clear();
        _inputs.Clear();
    }

    private ResidentInput? Take(NativeBytes bytes)
    {
        ResidentInput? input = _inputs.Find(known => known.Is(bytes));
        if (input is null && bytes.Length > 0 && Allocate(bytes.Length) is { } buffer)
            _inputs.Add(input = new ResidentInput(bytes, buffer));
        if (input is not null)
            input.Users++;
        return input;
    }

    /// <summary>Tensors of a model are of few sizes: memory is used again, since giving it back would make the device wait for all that is under way.</summary>
    private MemoryBuffer1D<byte, Stride1D.Dense>? Allocate(int bytes)
    {
        int same = _free.FindIndex(free => free.Length == bytes);
        if (same >= 0)
        {
            MemoryBuffer1D<byte, Stride1D.Dense> buffer = _free[same];
            _free.RemoveAt(same);
            return buffer;
        }

        for (; _allocated + bytes > maxBytes && _free.Count > 0; _free.RemoveAt(0))
        {
            _allocated -= _free[0].Length;
            _free[0].Dispose();
        }

        if (_allocated + bytes > maxBytes)
            return null;
        MemoryBuffer1D<byte, Stride1D.Dense> allocated = accelerator.Allocate1D<byte>(bytes);
        _allocated += bytes;
        _peak = Math.Max(_peak, _allocated);
        return allocated;
    }

    private void Return(ResidentInput[] inputs)
    {
        lock (_lock)
        {
            foreach (ResidentInput input in inputs)
            {
                if (--input.Users > 0)
                    continue;
                _inputs.Remove(input);
                _free.Add(input.Buffer);
            }
        }
    }

    private sealed class Loan(ResidentInputs owner, ResidentInput[] inputs) : IDisposable
    {
        public void Dispose() => owner.Return(inputs);
    }
}
