using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using DemEngine.Evaluation.Gradients;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Embedded;

/// <summary>
/// Directions as arrays of binary32, and dot products of a gradient's rows with them. The rows of a matrix's gradient are made
/// and multiplied one at a time, so that the gradient as a whole is never kept.
/// </summary>
internal sealed class SlopeTable
{
    private const int Lanes = 16;

    private readonly Dictionary<string, int> _place;
    private readonly float[][][] _elements; // By tensor, then by direction.
    private readonly int[] _columns;

    public SlopeTable(LlamaConfig config, IWeightDirections directions)
    {
        LlamaTensor[] tensors = [.. LlamaTensors.Of(config)];
        Directions = directions.Count;
        Names = [.. tensors.Select(tensor => tensor.Name)];
        _place = Names.Index().ToDictionary(one => one.Item, one => one.Index, StringComparer.Ordinal);
        _columns = [.. tensors.Select(tensor => (int)tensor.Shape.Dimensions[^1])];
        _elements =
        [
            .. tensors.Select(tensor => Enumerable.Range(0, directions.Count).Select(direction =>
            {
                float[] elements = new float[tensor.Shape.ElementCount];
                directions.Read(direction, tensor.Name, 0, elements);
                return elements;
            }).ToArray()),
        ];
    }

    public int Directions { get; }

    public string[] Names { get; }

    /// <summary>Number of derivatives: one for each tensor and direction.</summary>
    public int Count => Names.Length * Directions;

    /// <summary>Adds the products of one row of a tensor's gradient with that row of every direction.</summary>
    /// <param name="slopes">Derivatives, tensor by tensor and in each direction by direction.</param>
    /// <param name="tensor">Name of the tensor.</param>
    /// <param name="row">Index of the row.</param>
    /// <param name="gradient">Gradient of the row.</param>
    public void Add(Span<double> slopes, string tensor, int row, ReadOnlySpan<float> gradient)
    {
        int place = _place[tensor];
        float[][] elements = _elements[place];
        for (int direction = 0; direction < elements.Length; direction++)
            slopes[(place * Directions) + direction] +=
                Dot(gradient, elements[direction].AsSpan(row * _columns[place], gradient.Length));
    }

    /// <summary>Computes a dot product of rows: in binary32 over sixteen lanes, then in binary64 over the lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Vector512<float> sums = default;
        int end = a.Length - (a.Length % Lanes);
        for (int i = 0; i < end; i += Lanes)
            sums = Vector512.MultiplyAddEstimate(Vector512.Create(a.Slice(i, Lanes)), Vector512.Create(b.Slice(i, Lanes)), sums);
        double sum = 0;
        for (int lane = 0; lane < Lanes; lane++)
            sum += sums[lane];
        for (int i = end; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
