using System.Runtime.InteropServices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Streaming;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>Tensors in device memory to measure kernels with: a base, models that differ from it in their last bits, and room for results.</summary>
internal sealed class DeviceTensors : IDisposable
{
    private const int HeadBytes = 1024;
    private const int BlockBytes = 1 << 20;

    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _memory;
    private readonly long _stride;
    private readonly int _inputs;

    /// <summary>Allocates and fills.</summary>
    /// <param name="accelerator">The device.</param>
    /// <param name="stream">What fills it.</param>
    /// <param name="type">Of the inputs' elements.</param>
    /// <param name="inputs">How many, the base first.</param>
    /// <param name="elements">In each.</param>
    /// <param name="resultBytes">Room for the result.</param>
    public DeviceTensors(Accelerator accelerator, AcceleratorStream stream, ElementType type, int inputs, int elements, long resultBytes)
    {
        _inputs = inputs;
        Elements = elements;
        _stride = TileShape.Stride(type, elements);
        _memory = accelerator.Allocate1D<byte>(HeadBytes + (inputs * _stride) + resultBytes);
        _memory.View.BaseView.SubView(0, HeadBytes).MemSetToZero(stream);

        uint[] basis = new uint[BlockBytes / sizeof(uint)];
        uint[] model = new uint[basis.Length];
        new Philox(1).Fill(0, basis);
        for (int input = 0; input < inputs; input++)
        {
            new Philox((ulong)input + 2).Fill(0, model);
            for (int k = 0; k < model.Length; k++)
            {
                // Of either sign and about a hundredth, as halves and as wholes of a word: finite as BF16, F16 and F32.
                uint word = (basis[k] & 0x81FF_81FF) | 0x3C00_3C00;
                model[k] = input == 0 ? word : word ^ (model[k] & 0x0007_0007);
            }

            for (long at = 0; at < _stride; at += BlockBytes)
            {
                long bytes = Math.Min(BlockBytes, _stride - at);
                View<byte>(HeadBytes + (input * _stride) + at, bytes)
                    .CopyFromCPU(stream, ref MemoryMarshal.GetReference(MemoryMarshal.AsBytes(model.AsSpan())), bytes);
            }

            stream.Synchronize();
        }
    }

    /// <summary>Elements in each.</summary>
    public int Elements { get; }

    /// <summary>From one input to the next, in units of 16 bytes.</summary>
    public long StrideWords => _stride / TileBuffers.WordBytes;

    /// <summary>All inputs, the base first.</summary>
    public ArrayView<Words4> Inputs => View<Words4>(HeadBytes, _inputs * _stride);

    /// <summary>Room for the result, as words or as sums.</summary>
    public ArrayView<T> Result<T>()
        where T : unmanaged => View<T>(HeadBytes + (_inputs * _stride), _memory.Length - HeadBytes - (_inputs * _stride));

    /// <summary>The counts of what is not finite.</summary>
    public ArrayView<long> Counts => View<long>(0, TileShape.CountBytes);

    /// <summary>One input.</summary>
    public ArrayView<Words4> Input(int index) => View<Words4>(HeadBytes + (index * _stride), _stride);

    /// <summary>Writes a table of terms, all relative to the base.</summary>
    public ArrayView<DeviceTerm> Terms(AcceleratorStream stream)
    {
        DeviceTerm[] terms = [.. Enumerable.Range(1, _inputs - 1).Select(k => new DeviceTerm { Weight = 0.7f / (k + 0.3f), IsRelative = 1 })];
        ArrayView<DeviceTerm> table = View<DeviceTerm>(TileShape.CountBytes, terms.Length * TileBuffers.WordBytes);
        table.CopyFromCPU(stream, ref terms[0], terms.Length);
        stream.Synchronize();
        return table;
    }

    public void Dispose() => _memory.Dispose();

    private ArrayView<T> View<T>(long start, long bytes)
        where T : unmanaged => _memory.View.BaseView.SubView(start, bytes).Cast<T>();
}
