using System.Runtime.InteropServices;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Memory;
using DemEngine.Numerics;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>Converts the named weights of a checkpoint to the one vector that models are trained as.</summary>
internal static class FlatWeights
{
    // A part of a tensor that is read at once: at most 16 MiB, and far from 2 GiB, where spans end.
    private const int PartElements = 1 << 22;

    /// <summary>The type in which weights are held exactly: that of all of them, or else binary32.</summary>
    /// <param name="model">Model to read.</param>
    public static ElementType StoredType(IModelWeights model)
    {
        ElementType[] types = [.. model.Tensors.Select(tensor => tensor.Type).Distinct()];
        return types is [ElementType.BF16 or ElementType.F16] ? types[0] : ElementType.F32;
    }

    /// <summary>Reads all weights of a model: exact, except that binary64 is rounded to binary32.</summary>
    /// <param name="layout">Layout of the weights of the model's configuration.</param>
    /// <param name="model">Model to read.</param>
    /// <param name="type">Element type of the vector: binary32, or that of all weights.</param>
    /// <returns>Vector [all weights] on the processor. The caller disposes it, whatever scope it was made in.</returns>
    /// <exception cref="DemException">
    /// DEM2103 (WrongTensors): the tensors are not those of the configuration. DEM4003 (ReadFailed), DEM4005 (InputChanged):
    /// reading failed.
    /// </exception>
    public static Tensor Read(ParameterLayout layout, IModelWeights model, ElementType type = ElementType.F32)
    {
        Tensor flat = empty(layout.Length, TorchTypes.Of(type), CPU).DetachFromDisposeScope();
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

    /// <summary>Reads all weights of a model into a vector, a part of a tensor at a time.</summary>
    /// <param name="layout">Layout of the weights of the model's configuration.</param>
    /// <param name="model">Model to read.</param>
    /// <param name="flat">Vector [all weights] to fill, binary32 or of the type of all weights, on the processor.</param>
    /// <exception cref="DemException">
    /// The errors of <see cref="Read(ParameterLayout, IModelWeights, ElementType)"/>.
    /// </exception>
    public static void Read(ParameterLayout layout, IModelWeights model, Tensor flat)
    {
        LlamaTensors.Check(model.Config, model.Tensors, model.Name);
        using var scratch = new NativeBuffer(PartElements * sizeof(double));
        foreach (PlacedWeight weight in layout.Weights)
        {
            ITensorData tensor = model.Find(weight.Name)!;
            long length = weight.Shape.ElementCount;
            for (long first = 0; first < length; first += PartElements)
            {
                int count = (int)Math.Min(PartElements, length - first);
                using Tensor part = flat.narrow(0, weight.Offset + first, count);
                TypedBytes read = tensor.Read(first, count, scratch.Bytes.Slice(0, count * tensor.Spec.Type.Size));
                if (flat.dtype == ScalarType.Float32)
                    WeightDecoding.Decode(read, MemoryMarshal.Cast<byte, float>(part.bytes));
                else
                    read.Bytes.Span.CopyTo(part.bytes);
            }
        }
    }
}
