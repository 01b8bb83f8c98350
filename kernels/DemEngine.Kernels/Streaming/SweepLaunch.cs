using System.Runtime.InteropServices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Launching;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// Launches several combinations of the same inputs on one part of a tile, whose inputs are copied in once for all of them.
/// </summary>
/// <remarks>
/// The terms of one combination after another lie before the inputs; after them the counts and the result of one output after
/// another, which are copied back together.
/// </remarks>
internal sealed class SweepLaunch
{
    private readonly KernelTable _kernels;
    private readonly LinearCombination[] _combinations;
    private readonly ElementType[] _outputs;

    public SweepLaunch(
        KernelTable kernels,
        ReadOnlySpan<LinearCombination> combinations,
        ReadOnlySpan<TypedBytes> inputs,
        ReadOnlySpan<TypedBytes> outputs)
    {
        _kernels = kernels;
        _combinations = combinations.ToArray();
        _outputs = new ElementType[outputs.Length];
        for (int k = 0; k < outputs.Length; k++)
            _outputs[k] = outputs[k].Type;
        var types = new ElementType[inputs.Length];
        for (int k = 0; k < inputs.Length; k++)
            types[k] = inputs[k].Type;
        Shape = new TileShape(
            types,
            _combinations.Sum(combination => combination.Terms.Length),
            elements => ResultsEnd(elements) - TileShape.CountBytes,
            needsOneType: true);
    }

    /// <summary>Layout of a part in a buffer.</summary>
    public TileShape Shape { get; }

    /// <summary>Offset in bytes of an output's counts, which its result follows.</summary>
    public long CountsAt(int output, int elements)
    {
        long at = Shape.ResultAt(elements);
        for (int k = 0; k < output; k++)
            at += TileShape.CountBytes + TileShape.Stride(_outputs[k], elements);
        return at;
    }

    /// <summary>Writes the terms to host memory.</summary>
    public void FillHost(TileBuffers buffers)
    {
        Span<Words4> terms = MemoryMarshal.Cast<byte, Words4>(
            buffers.Host(TileShape.TermsAt, Shape.InputsAt - TileShape.TermsAt));
        int at = 0;
        foreach (LinearCombination combination in _combinations)
        {
            foreach (Term term in combination.Terms)
                terms[at++] = DeviceTerm.Of(term, 2 * SingleCombineKernel.ErrorScale(combination.Terms.Length));
        }
    }

    /// <summary>Enqueues the kernels for a part whose inputs are on the device, and the copy of all results.</summary>
    public void Run(TileBuffers buffers, int count)
    {
        OneType.Convert(_kernels, buffers, Shape, count);
        long termsAt = TileShape.TermsAt;
        for (int k = 0; k < _combinations.Length; k++)
        {
            LinearCombination combination = _combinations[k];
            long countsAt = CountsAt(k, count);
            buffers.Clear(countsAt, countsAt + TileShape.CountBytes);
            long termBytes = (long)combination.Terms.Length * DeviceTerm.Bytes;
            var combine = SingleCombineKernel.CanRun(combination) ? _kernels.SingleCombine(Shape.Common, _outputs[k]) : null;
            combine ??= _kernels.Combine(Shape.Common, _outputs[k]);
            combine(
                buffers.Stream,
                _kernels.ElementwiseConfig(count),
                buffers.KernelInputs(Shape, count),
                buffers.Tensors(countsAt + TileShape.CountBytes, CountsAt(k + 1, count)),
                buffers.Device<Words4>(termsAt, termBytes),
                buffers.Device<long>(countsAt, TileShape.CountBytes),
                Shape.Combine(combination, count));
            termsAt += termBytes;
        }

        buffers.CopyOut(Shape.ResultAt(count), CountsAt(_combinations.Length, count));
    }

    private long ResultsEnd(int elements)
    {
        long bytes = 0;
        foreach (ElementType type in _outputs)
            bytes += TileShape.CountBytes + TileShape.Stride(type, elements);
        return bytes;
    }
}
