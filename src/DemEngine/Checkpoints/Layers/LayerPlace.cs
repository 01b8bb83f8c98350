namespace DemEngine.Checkpoints.Layers;

/// <summary>Place of a tensor among the layers of its model.</summary>
/// <param name="Stack">
/// Path of the stack, up to the layer's number, such as <c>encoder.block</c>; null outside any stack. Where layers lie in
/// stages, the path of the stages, since the layers are counted through them.
/// </param>
/// <param name="Layer">Position of the layer in its stack; 0 outside any stack.</param>
/// <param name="Module">Path of the layer, such as <c>encoder.block.3</c>; empty outside any stack.</param>
internal readonly record struct LayerPlace(string? Stack, int Layer, string Module)
{
    /// <summary>Place of a tensor outside any stack.</summary>
    public static LayerPlace Outside { get; } = new(null, 0, "");

    /// <summary>Returns the name that a tensor of this layer has in another layer of its stack.</summary>
    /// <param name="tensor">Name of the tensor.</param>
    /// <param name="layer">Number of the other layer.</param>
    public string Renumber(string tensor, int layer) =>
        Layer == layer ? tensor : FormattableString.Invariant($"{Stack}.{layer}{tensor[Module.Length..]}");
}
