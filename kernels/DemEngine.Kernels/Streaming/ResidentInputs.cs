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
    private readonly BufferPool<MemoryBuffer1D<byte, Stride1D.Dense>> _memory = new(maxBytes, length => accelerator.Allocate1D<byte>(length));
    private long _fromHost;

    /// <summary>The most device memory that was taken at a time.</summary>
    public long PeakBytes => _memory.PeakBytes;

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
        foreach (ResidentInput input in _inputs)
            input.Buffer.Dispose();
        _inputs.Clear();
        _memory.Dispose();
    }

    private ResidentInput? Take(NativeBytes bytes)
    {
        ResidentInput? input = _inputs.Find(known => known.Is(bytes));
        if (input is null && bytes.Length > 0 && _memory.TryRent(bytes.Length) is { } buffer)
            _inputs.Add(input = new ResidentInput(bytes, buffer));
        if (input is not null)
            input.Users++;
        return input;
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
                _memory.Return(input.Buffer, (int)input.Buffer.Length);
            }
        }
    }

    private sealed class Loan(ResidentInputs owner, ResidentInput[] inputs) : IDisposable
    {
        public void Dispose() => owner.Return(inputs);
    }
}
