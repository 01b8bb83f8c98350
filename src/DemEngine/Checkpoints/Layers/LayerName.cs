using System.Globalization;

namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// What a tensor's name says by itself: <c>model.layers.7.mlp.up_proj.weight</c> lies in layer 7 of the stack
/// <c>model.layers</c>. Of several numbers the outermost counts: <c>encoder.block.3.layer.1</c> lies in block 3. The layers of
/// a whole model, of whatever name, are found by <see cref="NetworkLayers"/>.
/// </summary>
/// <param name="Stack">Path of the stack, up to the layer's number, such as <c>encoder.block</c>; null outside any stack.</param>
/// <param name="Layer">Number of the layer; 0 outside any stack.</param>
internal readonly record struct LayerName(string? Stack, int Layer)
{
    /// <summary>Parses a tensor's name.</summary>
    public static LayerName Parse(string tensor) =>
        NumberIn(tensor) is { } number
        && int.TryParse(tensor.AsSpan(number), NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
            ? new LayerName(tensor[..(number.Start.Value - 1)], layer)
            : default;

    /// <summary>Returns the name of the same tensor in another layer of its stack.</summary>
    /// <param name="tensor">Name of a tensor in a stack.</param>
    /// <param name="layer">Number of the other layer.</param>
    public static string Renumber(string tensor, int layer)
    {
        Range number = NumberIn(tensor) ?? throw new ArgumentException("not in a stack", nameof(tensor));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{tensor.AsSpan(..number.Start)}{layer}{tensor.AsSpan(number.End..)}");
    }

    /// <summary>
    /// Finds the layer's number: the first part that is a number after the name of a stack, and not the last part.
    /// </summary>
    private static Range? NumberIn(string tensor)
    {
        bool isStack = false;
        foreach (Range range in tensor.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> part = tensor.AsSpan(range);
            if (isStack && part.Length > 0 && !part.ContainsAnyExceptInRange('0', '9') && range.End.Value < tensor.Length)
                return range;
            isStack = part is "layers" or "layer" or "h" or "blocks" or "block";
        }

        return null;
    }
}
