using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>
/// A model as an evaluator sees it: a configuration, and tensors by name, whether they lie in a file or were merged in memory.
/// </summary>
public interface IModelWeights
{
    /// <summary>Name of the model in messages.</summary>
    string Name { get; }

    /// <summary>Shape and constants of the model. Only evaluators that compute with the model need them.</summary>
    /// <exception cref="DemException">
    /// DEM2023, DEM2101, DEM2102 (BadSideFile, UnknownArchitecture, BadConfig): the model has no configuration, or not a
    /// supported one.
    /// </exception>
    LlamaConfig Config { get; }

    /// <summary>Specifications of all tensors of the model.</summary>
    ImmutableArray<TensorSpec> Tensors { get; }

    /// <summary>Finds the elements of a tensor by name; null if the model has no tensor of that name.</summary>
    ITensorData? Find(string name);

    /// <summary>
    /// A folder that holds the model, for external programs. A model in memory is written when this is first read, and the folder
    /// is deleted with the model.
    /// </summary>
    /// <exception cref="DemException">DEM4001, DEM4002 (DiskFull, WriteFailed): the model could not be written.</exception>
    string Folder { get; }
}
