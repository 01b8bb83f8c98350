using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>The sizes of a model, from which its tensors follow.</summary>
public interface IModelShape
{
    /// <summary>Name of the shape.</summary>
    string Name { get; }

    /// <summary>Lists the tensors of the model, in the order of the network, under Hugging Face's names.</summary>
    /// <param name="type">Element type of the tensors, except of those that are always binary32.</param>
    IEnumerable<TensorSpec> Tensors(ElementType type);

    /// <summary>Writes the contents of <c>config.json</c>.</summary>
    /// <param name="type">Element type of the tensors.</param>
    byte[] ToConfig(ElementType type);
}
