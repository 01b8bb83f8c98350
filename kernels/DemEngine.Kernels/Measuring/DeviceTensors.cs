using System.Runtime.InteropServices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Streaming;
using DemEngine.Numerics;
using ILGPU;
using ILGPU.Runtime;

namespace DemEngine.Kernels.Measuring;

/// <summary>
/// Tensors in device memory for measuring kernels: a base, models that differ from it in their last bits, and memory for results.
/// </summary>
internal sealed class DeviceTensors : IDisposable
{
    private const int HeadBytes = 1024;
    private const int BlockBytes = 1 << 20;

    private readonly MemoryBuffer1D<byte, Stride1D.Dense> _memory;
    private readonly long _stride;
    private readonly int _inputs;

    /// <summary>Allocates the tensors and fills the inputs.</summary>
    /// <param name="accelerator">Device that holds the tensors.</param>
    /// <param name="stream">Stream that fills them.</param>
    /// <param name="type">Element type of the inputs.</param>
    /// <param name="inputs">Number of inputs, including the base, which comes first.</param>
    /// <param name="elements">Number of elements in each input.</param>
    /// <param name="resultBytes">Size of the memory for the result, in bytes.</param>
    public DeviceTensors(
        Accelerator accelerator, AcceleratorStream stream, ElementType type, int inputs, int elements, long resultBytes)
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
                // Values have either sign and are about a hundredth, whether a word is read as a whole or as two halves, so that
                // they are finite as BF16, F16 and F32.
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

    /// <summary>Number of elements in each input.</summary>
    public int Elements { get; }

    /// <summary>Distance between the starts of consecutive inputs, in units of 16 bytes.</summary>
    public long StrideWords => _stride / TileBuffers.WordBytes;

    /// <summary>Memory of all inputs, the base first.</summary>
    public ArrayView<Words4> Inputs => View<Words4>(HeadBytes, _inputs * _stride);

    /// <summary>Memory for the result, as words or as sums.</summary>
    public ArrayView<T> Result<T>()
        where T : unmanaged => View<T>(HeadBytes + (_inputs * _stride), _memory.Length - HeadBytes - (_inputs * _stride));

    /// <summary>Memory for the counts of values that are not finite.</summary>
    public ArrayView<long> Counts => View<long>(0, TileShape.CountBytes);

    /// <summary>Memory of one input.</summary>
    public ArrayView<Words4> Input(int index) => View<Words4>(HeadBytes + (index * _stride), _stride);

    /// <summary>Writes a table of terms, all relative to the base.</summary>
    public ArrayView<Words4> Terms(AcceleratorStream stream)
    {
        Words4[] terms =
        [
            .. Enumerable.Range(1, _inputs - 1).Select(k => DeviceTerm.Of(
                new Term(0.7f / (k + 0.3f), TermKind.RelativeToBase),
                2 * SingleCombineKernel.ErrorScale(_inputs - 1))),
        ];
        ArrayView<Words4> table = View<Words4>(TileShape.CountBytes, terms.Length * TileBuffers.WordBytes);
        table.CopyFromCPU(stream, ref terms[0], terms.Length);
        stream.Synchronize();
        return table;
    }

    public void Dispose() => _memory.Dispose();

    private ArrayView<T> View<T>(long start, long bytes)
        where T : unmanaged => _memory.View.BaseView.SubView(start, bytes).Cast<T>();
}
