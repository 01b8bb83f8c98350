using DemEngine.Kernels.Devices;
using DemEngine.Memory;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// Inputs that are needed repeatedly and stay in device memory once they have been copied in, because the bus is the slowest part
/// of their way.
/// </summary>
/// <param name="accelerator">Device that holds the inputs.</param>
/// <param name="maxBytes">Maximum of device memory for the inputs, in bytes.</param>
internal sealed class ResidentInputs(Accelerator accelerator, long maxBytes) : IDisposable
{
    private readonly Lock _lock = new();

    /// <summary>The inputs, in the order of their host memory.</summary>
    private readonly SortedList<nint, ResidentInput> _inputs = [];

    private readonly BufferPool<MemoryBuffer1D<byte, Stride1D.Dense>> _memory =
        new(maxBytes, length => accelerator.Allocate1D<byte>(length));

    private long _fromHost;
    private bool _isRefused;

    /// <summary>Peak of device memory taken for the inputs, in bytes.</summary>
    public long PeakBytes => _memory.PeakBytes;

    /// <summary>Number of bytes of inputs that were copied in from the host.</summary>
    public long BytesFromHost => Volatile.Read(ref _fromHost);

    /// <summary>
    /// Makes resident those inputs, in order, for which there is memory, until the result is disposed; null if there are none.
    /// Where the device refuses memory, no more is asked for: what is not resident is copied in each time.
    /// </summary>
    public IDisposable? Keep(IReadOnlyList<NativeBytes> inputs)
    {
        lock (_lock)
        {
            ResidentInput[] kept = [.. inputs.Select(Take).OfType<ResidentInput>()];
            return kept.Length == 0 ? null : new Loan(this, kept);
        }
    }

    /// <summary>The resident copy of the input to which a part belongs; null if it has none.</summary>
    public ResidentInput? Of(NativeBytes part)
    {
        lock (_lock)
        {
            // The last input that starts no later than the part. A whole model has hundreds.
            int from = 0;
            for (int to = _inputs.Count; from < to;)
            {
                int middle = from + ((to - from) / 2);
                if (_inputs.Keys[middle] <= part.Address)
                    from = middle + 1;
                else
                    to = middle;
            }

            return from > 0 && _inputs.Values[from - 1].Contains(part) ? _inputs.Values[from - 1] : null;
        }
    }

    /// <summary>Adds to the number of bytes that were copied in from the host.</summary>
    public void NoteFromHost(long bytes) => Interlocked.Add(ref _fromHost, bytes);

    public void Dispose()
    {
        foreach (ResidentInput input in _inputs.Values)
            DeviceFault.Free(input.Buffer);
        _inputs.Clear();
        DeviceFault.Free(_memory);
    }

    private ResidentInput? Take(NativeBytes bytes)
    {
        if (_inputs.TryGetValue(bytes.Address, out ResidentInput? input))
        {
            // Of two inputs at one address, only the first is kept.
            if (!input.Is(bytes))
                return null;
        }
        else if (bytes.Length > 0 && TryRent(bytes.Length) is { } buffer)
        {
            _inputs.Add(bytes.Address, input = new ResidentInput(bytes, buffer));
        }

        if (input is not null)
            input.Users++;
        return input;
    }

    private MemoryBuffer1D<byte, Stride1D.Dense>? TryRent(int length)
    {
        try
        {
            return _isRefused ? null : _memory.TryRent(length);
        }
        catch (Exception e) when (DeviceFault.Is(e))
        {
            _isRefused = true;
            return null;
        }
    }

    private void Return(ResidentInput[] inputs)
    {
        lock (_lock)
        {
            foreach (ResidentInput input in inputs)
            {
                if (--input.Users > 0)
                    continue;
                _inputs.Remove(input.Address);
                _memory.Return(input.Buffer, (int)input.Buffer.Length);
            }
        }
    }

    private sealed class Loan(ResidentInputs owner, ResidentInput[] inputs) : IDisposable
    {
        public void Dispose() => owner.Return(inputs);
    }
}
