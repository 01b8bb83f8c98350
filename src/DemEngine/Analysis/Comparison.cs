using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Analysis;

/// <summary>Compares two checkpoints in one pass over both.</summary>
public static class Comparison
{
    /// <summary>Runs the comparison.</summary>
    /// <param name="a">Path of the first checkpoint.</param>
    /// <param name="b">Path of the second checkpoint.</param>
    /// <param name="options">Run options: threads, memory and I/O. They do not affect the result.</param>
    /// <param name="backend">Backend that decodes the elements.</param>
    /// <param name="progress">Progress callback, called in order; null for none.</param>
    /// <param name="cancel">Token that stops the run between tiles.</param>
    /// <exception cref="DemException">
    /// DEM2001 to DEM2013, DEM2022 (UnreadableFile): a checkpoint cannot be opened. DEM4003 (ReadFailed), DEM4005 (InputChanged):
    /// a file could not be read, or changed during the run.
    /// </exception>
    public static CheckpointDiff Run(
        string a,
        string b,
        RunOptions options,
        IMergeBackend backend,
        Action<RunProgress>? progress = null,
        CancellationToken cancel = default)
    {
        using Checkpoint first = ModelWeights.OpenAny(a, options.Io);
        using Checkpoint second = ModelWeights.OpenAny(b, options.Io);
        (StoredTensor A, StoredTensor B)[] common =
        [
            .. first.Tensors.Select(tensor => (tensor, second.Find(tensor.Spec.Name)))
                .Where(pair => pair.Item2 is not null)
                .Select(pair => (pair.tensor, pair.Item2!)),
        ];
        ComparedTensor[] compared =
        [
            .. common.Where(pair => ComparedTensor.CanCompare(pair.A.Spec, pair.B.Spec))
                .Select(pair => new ComparedTensor(new StoredTensorReader(pair.A), new StoredTensorReader(pair.B))),
        ];
        TensorPass.Run("comparing", compared, options.Reading([first, second]), backend, progress, cancel);
        first.CheckUnchanged();
        second.CheckUnchanged();

        IEnumerable<TensorDiff> others = common.Where(pair => !ComparedTensor.CanCompare(pair.A.Spec, pair.B.Spec))
            .Select(pair => new TensorDiff(pair.A.Spec.Name, pair.A.Spec, pair.B.Spec, IsCompared: false, 0, 0, null, []));
        return new CheckpointDiff(
            a,
            b,
            Lacking(first, second),
            Lacking(second, first),
            [.. compared.Select(tensor => tensor.Result).Concat(others).OrderBy(tensor => tensor.Name, StringComparer.Ordinal)],
            compared.Sum(tensor => tensor.Count * tensor.ElementBytes));
    }

    private static System.Collections.Immutable.ImmutableArray<string> Lacking(Checkpoint here, Checkpoint there) =>
        [
            .. here.Tensors.Select(tensor => tensor.Spec.Name)
                .Where(name => there.Find(name) is null)
                .Order(StringComparer.Ordinal),
        ];
}
