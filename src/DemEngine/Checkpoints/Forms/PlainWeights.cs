using System.Collections.Immutable;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Forms;

/// <summary>
/// Refuses checkpoints whose tensors are not the numbers that the network computes with, since arithmetic on them gives numbers
/// that look right and are wrong.
/// </summary>
internal static class PlainWeights
{
    /// <summary>Throws if a checkpoint holds anything but plain weights.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    /// <exception cref="DemException">
    /// DEM2024 (Quantized), DEM2025 (Adapter) or DEM2026 (OptimizerState): the checkpoint holds no plain weights.
    /// </exception>
    public static void Require(Checkpoint checkpoint)
    {
        if (Find(checkpoint) is { } fault)
            throw fault;
    }

    /// <summary>Says why a checkpoint holds no plain weights; null if it does.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    public static DemException? Find(Checkpoint checkpoint)
    {
        ImmutableArray<string> factors = AdapterFactors.Find(checkpoint);
        if (!factors.IsEmpty)
            return new DemException(
                ErrorCode.Adapter,
                $"{checkpoint.Path}: {factors.Length} of {checkpoint.Tensors.Length} tensors are the factors of an adapter: "
                + Quoted.List(factors))
            {
                Path = checkpoint.Path,
            };

        ImmutableArray<string> states = OptimizerTensors.Find(checkpoint);
        if (!states.IsEmpty)
            return new DemException(
                ErrorCode.OptimizerState,
                $"{checkpoint.Path}: {states.Length} of {checkpoint.Tensors.Length} tensors are an optimizer's state: "
                + Quoted.List(states))
            {
                Path = checkpoint.Path,
            };

        return QuantizationSigns.Find(checkpoint) is { } signs
            ? new DemException(
                ErrorCode.Quantized,
                $"{checkpoint.Path}: the weights are quantised: {signs.Describe()}",
                remedy: signs.Codes.IsEmpty
                    ? "Give the model in BF16, F16 or F32. If the weights are plain and only "
                        + $"{signs.Source} says otherwise, remove that."
                    : null)
            {
                Path = checkpoint.Path,
            }
            : null;
    }
}
