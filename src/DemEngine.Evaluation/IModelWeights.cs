using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation;

/// <summary>What a model is to an evaluator: a configuration and tensors by name, whether they lie in a file or were merged in memory.</summary>
public interface IModelWeights
{
    /// <summary>Names it in messages.</summary>
    string Name { get; }

    /// <summary>Its shape and constants.</summary>
    /// <exception cref="DemException">DEM2023, DEM2101, DEM2102: it has none that is known. Only who computes with the model needs to ask.</exception>
    LlamaConfig Config { get; }

    /// <summary>All its tensors.</summary>
    ImmutableArray<TensorSpec> Tensors { get; }

    /// <summary>The elements of a tensor; null if there is none of that name.</summary>
    ITensorData? Find(string name);

    /// <summary>
    /// A folder that holds the model, for programs outside. A model in memory is written when this is first asked for, and the folder goes
    /// with the model.
    /// </summary>
    /// <exception cref="DemException">DEM4001, DEM4002: it could not be written.</exception>
    string Folder { get; }
}
