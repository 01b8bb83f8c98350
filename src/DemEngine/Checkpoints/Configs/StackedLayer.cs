namespace DemEngine.Checkpoints.Configs;

/// <summary>One layer of an output that is put together from layers of models.</summary>
/// <param name="Config">Configuration of the model that the layer is taken from; null if it has none.</param>
/// <param name="Model">The model's path, for messages.</param>
/// <param name="Layer">Number of the layer in that model.</param>
/// <param name="Count">Number of layers of that model.</param>
internal sealed record StackedLayer(ModelConfig? Config, string Model, int Layer, int Count);
