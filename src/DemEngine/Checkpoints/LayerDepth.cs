namespace DemEngine.Checkpoints;

/// <summary>
/// How deep each tensor of a model lies, from 0 to 1: layer index / (layer count − 1) within its stack, 0 for embeddings, 1 for what else
/// lies outside the layers. That is where a recipe's gradients are read, as in mergekit.
/// </summary>
public sealed class LayerDepth
{
    private readonly Dictionary<string, int> _lastLayer = new(StringComparer.Ordinal);

    /// <summary>Counts the layers of a model.</summary>
    /// <param name="tensors">The names of all its tensors.</param>
    public LayerDepth(IEnumerable<string> tensors)
    {
        foreach (LayerName place in tensors.Select(LayerName.Parse))
        {
            if (place.Stack is not null)
                _lastLayer[place.Stack] = Math.Max(place.Layer, _lastLayer.GetValueOrDefault(place.Stack));
        }
    }

    /// <summary>The depth of one tensor.</summary>
    public double Of(string tensor)
    {
        LayerName place = LayerName.Parse(tensor);
        if (place.Stack is null)
            return LayerName.IsEmbedding(tensor) ? 0 : 1;

        int last = _lastLayer.GetValueOrDefault(place.Stack);
        return last == 0 ? 0 : Math.Min(1, (double)place.Layer / last);
    }
}
