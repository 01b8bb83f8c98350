using System.Collections.Immutable;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
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
    /// numbers of whole bytes.
    /// </returns>
    /// <exception cref="DemException">
    /// DEM4003 (ReadFailed), DEM4005 (InputChanged): a file could not be read, or changed during the run.
    /// </exception>
    public static ImmutableArray<ElementStatistics?> Run(
        Checkpoint checkpoint, RunOptions options, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        MeasuredTensor?[] tensors =
        [
            .. checkpoint.Tensors.Select(tensor =>
                MeasuredTensor.CanMeasure(tensor.Spec) ? new MeasuredTensor(new StoredTensorReader(tensor)) : null),
        ];
        using var backend = new CpuBackend();
        TensorPass.Run("measuring", [.. tensors.OfType<MeasuredTensor>()], options, backend, progress, cancel);
        checkpoint.CheckUnchanged();
        return [.. tensors.Select(tensor => tensor?.Result)];
    }
}
