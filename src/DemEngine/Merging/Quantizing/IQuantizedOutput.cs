using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;

namespace DemEngine.Merging.Quantizing;

/// <summary>A quantised form in which an output can be written: which tensors are quantised, and what describes them.</summary>
internal interface IQuantizedOutput
{
    /// <summary>Name in recipes.</summary>
    string Name { get; }

    /// <summary>Whether a tensor is quantised; others keep the type that they would have.</summary>
    /// <param name="spec">The tensor.</param>
    /// <param name="layers">The network's layers.</param>
    bool Takes(TensorSpec spec, NetworkLayers layers);

    /// <summary>Sizes of the blocks of a tensor that have one scale each.</summary>
    (long Rows, long Columns) BlockOf(TensorSpec spec);

    /// <summary>Describes the tensor of a tensor's scales.</summary>
    TensorSpec ScalesOf(TensorSpec spec);

    /// <summary>Describes a tensor that marks the whole model as quantised; null for none. It is filled with zeros.</summary>
    TensorSpec? MarkerOf(IReadOnlyCollection<TensorSpec> quantized);

    /// <summary>States in the small files how the weights are quantised.</summary>
    /// <param name="files">Small files of the output, by name.</param>
    /// <param name="owner">Name of the model that they were copied from, for messages.</param>
    /// <param name="plain">Tensors that stay plain.</param>
    void Describe(Dictionary<string, byte[]> files, string owner, IReadOnlyCollection<TensorSpec> plain);
}
