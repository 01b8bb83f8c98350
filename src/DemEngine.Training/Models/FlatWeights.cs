using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Language;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>Between weights under their names, as checkpoints have them, and one vector, as models are trained.</summary>
public static class FlatWeights
{
    /// <summary>Reads all weights of a model as binary32: exact, except that binary64 is rounded.</summary>
    /// <param name="layout">Of the model's configuration.</param>
    /// <param name="model">The model.</param>
    /// <returns>[all weights] on the processor; the caller's to dispose, whatever scope it was made in.</returns>
    /// <exception cref="DemException">DEM2103: the tensors are not those of the configuration. DEM4003, DEM4005: reading failed.</exception>
    public static Tensor Read(ParameterLayout layout, IModelWeights model)
    {
        LlamaTensors.Check(model.Config, model.Tensors, model.Name);
        Tensor flat = empty(layout.Length, ScalarType.Float32, CPU).DetachFromDisposeScope();
        foreach (PlacedWeight weight in layout.Weights)
        {
            using Tensor part = flat.narrow(0, weight.Offset, weight.Shape.ElementCount);
            WeightDecoding.Decode(model.Find(weight.Name)!, MemoryMarshal.Cast<byte, float>(part.bytes));
        }

        return flat;
    }

    /// <summary>The weights under their names, in the order of the network.</summary>
    /// <param name="config">Of the model.</param>
    /// <param name="layout">Of the configuration.</param>
    /// <param name="flat">[all weights], binary32, on the processor; in use for as long as the result is.</param>
    public static IEnumerable<ITensorData> Name(LlamaConfig config, ParameterLayout layout, Tensor flat) =>
        LlamaTensors.Of(config).Select(tensor => new TensorSlice(tensor.Name, tensor.Shape, flat, layout[tensor.Name].Offset));
}
