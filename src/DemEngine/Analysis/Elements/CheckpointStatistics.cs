using System.Collections.Immutable;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Decoding;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Analysis.Elements;

/// <summary>Measures the elements of every tensor of a checkpoint in one pass over it.</summary>
public static class CheckpointStatistics
{
    /// <summary>Runs the measurement.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    /// <param name="options">Run options: threads and memory. They do not affect the result, not in a single bit.</param>
    /// <param name="progress">Progress callback; called often and from any thread.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <returns>
    /// Statistics of the tensors, in the order of <see cref="Checkpoint.Tensors"/>; null for those that hold no floating-point
    /// numbers of whole bytes. Codes of a quantised model have the statistics of the values that they stand for.
    /// </returns>
    /// <exception cref="DemException">
    /// DEM4003 (ReadFailed), DEM4005 (InputChanged): a file could not be read, or changed during the run.
    /// </exception>
    public static ImmutableArray<ElementStatistics?> Run(
        Checkpoint checkpoint, RunOptions options, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        // Codes are measured by the values that they stand for; their scales and zero points have none of their own.
        Dictionary<string, StoredTensor> real = DecodedModel.Of(checkpoint).Tensors
            .ToDictionary(tensor => (tensor.Origin?.Codes ?? tensor).Spec.Name, StringComparer.Ordinal);
        MeasuredTensor?[] tensors =
        [
            .. checkpoint.Tensors.Select(tensor =>
                real.TryGetValue(tensor.Spec.Name, out StoredTensor? values) && MeasuredTensor.CanMeasure(values.Spec)
                    ? new MeasuredTensor(new StoredTensorReader(values))
                    : null),
        ];
        using var backend = new CpuBackend();
        TensorPass.Run(
            "measuring", [.. tensors.OfType<MeasuredTensor>()], options.Reading([checkpoint]), backend, progress, cancel);
        checkpoint.CheckUnchanged();
        return [.. tensors.Select(tensor => tensor?.Result)];
    }
}
