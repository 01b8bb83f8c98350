namespace DemEngine.Checkpoints.Layers;

/// <summary>
/// Depth of each tensor of a model or of a run of its layers, from 0 to 1, at which a recipe's gradients are read: i / (L − 1)
/// for the i-th of the L layers of its stack, 1 for a single layer, 0 for what comes before the layers, and 1 for what predicts
/// further tokens. What follows the layers has no depth of its own.
/// </summary>
internal sealed class LayerDepth
{
    private readonly Dictionary<string, double?> _depths = new(StringComparer.Ordinal);
    private readonly Lazy<NetworkLayers>? _layers;

    /// <summary>Counts the layers of a model, which are found when a depth is first asked for.</summary>
    /// <param name="find">Finds the model's layers.</param>
    public LayerDepth(Func<NetworkLayers> find) => _layers = new(find);

    /// <summary>Makes the depths of a run of layers, to which tensors are added.</summary>
    public LayerDepth()
    {
    }

    /// <summary>Adds a tensor.</summary>
    /// <param name="tensor">Name of the tensor.</param>
    /// <param name="position">Where it lies.</param>
    /// <param name="layer">Position of its layer in the run.</param>
    /// <param name="count">Number of layers of the run.</param>
    public void Add(string tensor, NetworkPosition position, int layer, int count) =>
        _depths[tensor] = Depth(position, layer, count);

    /// <summary>Returns the depth of one tensor; null if it follows the layers.</summary>
    public double? Of(string tensor)
    {
        if (_layers is null)
            return _depths[tensor];
        NetworkLayers layers = _layers.Value;
        LayerPlace place = layers.Of(tensor);
        return Depth(layers.PositionOf(tensor), place.Layer, place.Stack is null ? 0 : layers.Count(place.Stack));
    }

    private static double? Depth(NetworkPosition position, int layer, int count) => position switch
    {
        NetworkPosition.Before => 0,
        NetworkPosition.InLayer => count == 1 ? 1 : (double)layer / (count - 1),
        NetworkPosition.Prediction => 1,
        _ => null,
    };
}
