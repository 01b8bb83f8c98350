using System.Runtime.InteropServices;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>Converts the named weights of a checkpoint to the one vector that models are trained as.</summary>
internal static class FlatWeights
{
    /// <summary>Reads all weights of a model as binary32: exact, except that binary64 is rounded.</summary>
    /// <param name="layout">Layout of the weights of the model's configuration.</param>
    /// <param name="model">Model to read.</param>
    /// <returns>Vector [all weights] on the processor. The caller disposes it, whatever scope it was made in.</returns>
    /// <exception cref="DemException">
    /// DEM2103 (WrongTensors): the tensors are not those of the configuration. DEM4003 (ReadFailed), DEM4005 (InputChanged):
    /// reading failed.
    /// </exception>
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
    /// <param name="layout">Layout of the weights of the model's configuration.</param>
    /// <param name="model">Model to read.</param>
    /// <param name="flat">Vector [all weights] to fill, binary32, on the processor.</param>
    /// <exception cref="DemException">The errors of <see cref="Read(ParameterLayout, IModelWeights)"/>.</exception>
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
