namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// Depth of each tensor of a run of layers, from 0 to 1, at which a recipe's gradients are read: i / (L − 1) for the i-th of the
/// L layers of its stack, 1 for a single layer, 0 for embeddings, and 1 for other tensors outside the layers.
/// </summary>
/// <remarks>
/// The depths are those of mergekit, except for what follows the layers: mergekit reads that at 0 since its version 0.1.
/// </remarks>
internal sealed class LayerDepth
{
    private readonly int _first;
    private readonly Dictionary<string, int> _lastLayer = new(StringComparer.Ordinal);

    /// <summary>Counts the layers of a model, or of a slice.</summary>
    /// <param name="tensors">Names of all tensors of the model or slice.</param>
    /// <param name="first">Number of the first layer.</param>
    public LayerDepth(IEnumerable<string> tensors, int first = 0)
    {
        _first = first;
        foreach (LayerName place in tensors.Select(LayerName.Parse))
        {
            if (place.Stack is not null)
                _lastLayer[place.Stack] = Math.Max(place.Layer, _lastLayer.GetValueOrDefault(place.Stack, first));
        }
    }

    /// <summary>Returns the depth of one tensor.</summary>
    public double Of(string tensor)
    {
        LayerName place = LayerName.Parse(tensor);
        if (place.Stack is null)
            return LayerName.IsEmbedding(tensor) ? 0 : 1;

        int last = _lastLayer.GetValueOrDefault(place.Stack, _first);
        return last == _first ? 1 : Math.Clamp((double)(place.Layer - _first) / (last - _first), 0, 1);
    }
}
