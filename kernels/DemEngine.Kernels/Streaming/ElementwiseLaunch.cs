using System.Runtime.InteropServices;
using DemEngine.Kernels.Elements;
using DemEngine.Kernels.Launching;
using DemEngine.Memory;
using DemEngine.Numerics;
using ILGPU;

namespace DemEngine.Kernels.Streaming;

/// <summary>
/// Chooses the cheapest kernel that gives the exact bits of a combination's definition, and launches it on one part of a tile.
/// </summary>
internal sealed class ElementwiseLaunch
{
    private readonly KernelTable _kernels;
    private readonly LinearCombination _combination;
    private readonly ElementType[] _inputs;
    private readonly ElementType _output;
    private readonly bool _isConversion;
    private readonly bool _isDifference;

    public ElementwiseLaunch(
        KernelTable kernels, LinearCombination combination, ReadOnlySpan<TypedBytes> inputs, ElementType output)
    {
        _kernels = kernels;
        _combination = combination;
        _inputs = new ElementType[inputs.Length];
        for (int k = 0; k < inputs.Length; k++)
            _inputs[k] = inputs[k].Type;
        _output = output;
        _isConversion = combination is { StartsFromBase: true, Terms: [] };
        _isDifference = combination is { StartsFromBase: false, Terms: [{ Weight: 1, Kind: TermKind.RelativeToBase }] };
        bool isCombined = !_isConversion && !_isDifference;
        Shape = new TileShape(
            _inputs,
            isCombined ? combination.Terms.Length : 0,
            elements => TileShape.Stride(output, elements),
            needsOneType: isCombined);
    }

    /// <summary>Layout of a part in a buffer.</summary>
    public TileShape Shape { get; }

    /// <summary>Writes the terms, which lie before the inputs, to host memory.</summary>
    public void FillHost(TileBuffers buffers)
    {
        Span<Words4> terms = MemoryMarshal.Cast<byte, Words4>(
            buffers.Host(TileShape.TermsAt, Shape.InputsAt - TileShape.TermsAt));
        for (int k = 0; k < terms.Length; k++)
            terms[k] = DeviceTerm.Of(_combination.Terms[k], 2 * SingleCombineKernel.ErrorScale(terms.Length));
    }

    /// <summary>Enqueues the kernels for a part whose inputs are on the device.</summary>
    public void Run(TileBuffers buffers, int count)
    {
        KernelConfig config = _kernels.ElementwiseConfig(count);
        var counts = buffers.Device<long>(Shape.ResultAt(count), TileShape.CountBytes);
        long resultAt = Shape.ResultAt(count) + TileShape.CountBytes;
        var result = buffers.Tensors(resultAt, resultAt + TileShape.Stride(_output, count));
        if (_isConversion)
        {
            _kernels.Convert(_inputs[0], _output)(buffers.Stream, config, buffers.Input(Shape, 0, count), result, counts, count);
        }
        else if (_isDifference)
        {
            _kernels.Extract(_inputs[0], _inputs[1], _output)(
                buffers.Stream,
                config,
                buffers.Input(Shape, 0, count),
                buffers.Input(Shape, 1, count),
                result,
                counts,
                new ExtractShape { Elements = count });
        }
        else
        {
            OneType.Convert(_kernels, buffers, Shape, count);
            var terms = buffers.Device<Words4>(TileShape.TermsAt, Shape.InputsAt - TileShape.TermsAt);
            var combine = SingleCombineKernel.CanRun(_combination) ? _kernels.SingleCombine(Shape.Common, _output) : null;
            combine ??= _kernels.Combine(Shape.Common, _output);
            combine(
                buffers.Stream,
                config,
                buffers.KernelInputs(Shape, count),
                result,
                terms,
                counts,
                Shape.Combine(_combination, count));
        }
    }
}
