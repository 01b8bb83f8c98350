using System.Runtime.InteropServices;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>From weights under their names, as checkpoints have them, to one vector, as models are trained.</summary>
internal static class FlatWeights
{
    /// <summary>Reads all weights of a model as binary32: exact, except that binary64 is rounded.</summary>
    /// <param name="layout">Of the model's configuration.</param>
    /// <param name="model">The model.</param>
    /// <returns>[all weights] on the processor; the caller's to dispose, whatever scope it was made in.</returns>
    /// <exception cref="DemException">DEM2103: the tensors are not those of the configuration. DEM4003, DEM4005: reading failed.</exception>
    public static Tensor Read(ParameterLayout layout, IModelWeights model)
    {
        Tensor flat = empty(layout.Length, ScalarType.Float32, CPU).DetachFromDisposeScope();
        try
        {
            Read(layout, model, flat);
            return flat;
        }
        catch
        {
            flat.Dispose();
            throw;
        }
    }

    /// <summary>Reads all weights of a model into a vector.</summary>
    /// <param name="layout">Of the model's configuration.</param>
    /// <param name="model">The model.</param>
    /// <param name="flat">[all weights], binary32, on the processor.</param>
    /// <exception cref="DemException">As <see cref="Read(ParameterLayout, IModelWeights)"/>.</exception>
    public static void Read(ParameterLayout layout, IModelWeights model, Tensor flat)
    {
        LlamaTensors.Check(model.Config, model.Tensors, model.Name);
        foreach (PlacedWeight weight in layout.Weights)
        {
            using Tensor part = flat.narrow(0, weight.Offset, weight.Shape.ElementCount);
            WeightDecoding.Decode(model.Find(weight.Name)!, MemoryMarshal.Cast<byte, float>(part.bytes));
        }
    }
}
