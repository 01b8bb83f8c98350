using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Memory;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// The matrix [outputs, inputs] of a linear layer as binary32, in the order in which <see cref="MatrixProduct"/> reads it: in
/// panels of <see cref="MatrixProduct.PanelColumns"/> outputs. A panel holds one input after another, each with the weights of
/// the panel's outputs side by side. The last panel is padded with zeros.
/// </summary>
internal sealed class PackedMatrix : IDisposable
{
    private readonly NativeBuffer _memory;
    private readonly int _panelColumns;

    public PackedMatrix(int outputs, int inputs, int panelColumns)
    {
        Outputs = outputs;
        Inputs = inputs;
        _panelColumns = panelColumns;
        _memory = new NativeBuffer(checked(Panels * panelColumns * inputs * sizeof(float)));
        Numbers.Clear();
    }

    public int Outputs { get; }

    public int Inputs { get; }

    public int Panels => (Outputs + _panelColumns - 1) / _panelColumns;

    private Span<float> Numbers => MemoryMarshal.Cast<byte, float>(_memory.Bytes.Span);

    public ref float Panel(int panel) => ref Numbers[panel * _panelColumns * Inputs];

    /// <summary>Reads the weights from a tensor and packs them.</summary>
    /// <param name="tensor">Tensor [outputs, inputs] of a floating-point type.</param>
    /// <param name="scratch">Scratch buffer, replaced by a larger one if it is too short.</param>
    public void Load(ITensorData tensor, ref float[] scratch)
    {
        // Rows are read one panel at a time.
        if (scratch.Length < _panelColumns * Inputs)
            scratch = new float[_panelColumns * Inputs];
        for (int panel = 0; panel < Panels; panel++)
        {
            int first = panel * _panelColumns;
            int rows = Math.Min(_panelColumns, Outputs - first);
            Span<float> decoded = scratch.AsSpan(0, rows * Inputs);
            WeightDecoding.Decode(tensor, (long)first * Inputs, decoded);
            Transpose(decoded, rows, Numbers.Slice(first * Inputs, _panelColumns * Inputs));
        }
    }

    /// <summary>
    /// Packs the transpose of a tensor: this matrix is [outputs, inputs] where the tensor is [inputs, outputs].
    /// </summary>
    /// <param name="tensor">Tensor of a floating-point type.</param>
    /// <param name="scratch">Scratch buffer, replaced by a larger one if it is too short.</param>
    public void LoadTransposed(ITensorData tensor, ref float[] scratch)
    {
        if (scratch.Length < Outputs * Inputs)
            scratch = new float[Outputs * Inputs];
        Span<float> decoded = scratch.AsSpan(0, Outputs * Inputs);
        WeightDecoding.Decode(tensor, decoded);
        Span<float> packed = Numbers;
        for (int input = 0; input < Inputs; input++)
        {
            ReadOnlySpan<float> row = decoded.Slice(input * Outputs, Outputs);
            for (int panel = 0; panel < Panels; panel++)
            {
                int first = panel * _panelColumns;
                ReadOnlySpan<float> part = row.Slice(first, Math.Min(_panelColumns, Outputs - first));
                part.CopyTo(packed.Slice((first * Inputs) + (input * _panelColumns), part.Length));
            }
        }
    }

    public void Dispose() => _memory.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Transpose(ReadOnlySpan<float> rows, int count, Span<float> panel)
    {
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> source = rows.Slice(row * Inputs, Inputs);
            for (int input = 0, at = row; input < source.Length; input++, at += _panelColumns)
                panel[at] = source[input];
        }
    }
}
