namespace DemEngine.Checkpoints;

/// <summary>
/// How deep each tensor of a run of layers lies, from 0 to 1: i / (L − 1) for the i-th of L layers of its stack, 1 for a single layer, 0 for
/// embeddings, 1 for what else lies outside the layers. That is where a recipe's gradients are read.
/// </summary>
/// <remarks>As in mergekit, but for what follows the layers: since its version 0.1 that is read at 0.</remarks>
internal sealed class LayerDepth
{
    private readonly int _first;
    private readonly Dictionary<string, int> _lastLayer = new(StringComparer.Ordinal);

    /// <summary>Counts the layers of a model, or of a slice.</summary>
    /// <param name="tensors">The names of all its tensors.</param>
    /// <param name="first">The number of the first layer.</param>
    public LayerDepth(IEnumerable<string> tensors, int first = 0)
    {
        _first = first;
        foreach (LayerName place in tensors.Select(LayerName.Parse))
        {
            if (place.Stack is not null)
                _lastLayer[place.Stack] = Math.Max(place.Layer, _lastLayer.GetValueOrDefault(place.Stack, first));
        }
    }

    /// <summary>The depth of one tensor.</summary>
    public double Of(string tensor)
    {
        LayerName place = LayerName.Parse(tensor);
        if (place.Stack is null)
            return LayerName.IsEmbedding(tensor) ? 0 : 1;

        int last = _lastLayer.GetValueOrDefault(place.Stack, _first);
        return last == _first ? 1 : Math.Clamp((double)(place.Layer - _first) / (last - _first), 0, 1);
    }
}
