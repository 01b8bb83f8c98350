using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;

namespace DemEngine.Analysis;

/// <summary>Compares two checkpoints in one pass over both.</summary>
public static class Comparison
{
    /// <summary>Compares.</summary>
    /// <param name="a">Path of the first.</param>
    /// <param name="b">Path of the second.</param>
    /// <param name="options">Threads, memory and I/O; they do not show in the result.</param>
    /// <param name="backend">What decodes.</param>
    /// <param name="progress">Told where the pass stands, from any thread, often.</param>
    /// <param name="cancel">Stops between tiles.</param>
    /// <exception cref="DemException">DEM2001 to DEM2013, DEM2022, DEM4003, DEM4005.</exception>
    public static CheckpointDiff Run(
        string a, string b, RunOptions options, IMergeBackend backend, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        using Checkpoint first = Checkpoint.Open(a, options.Io);
        using Checkpoint second = Checkpoint.Open(b, options.Io);
        (StoredTensor A, StoredTensor B)[] common =
            [.. first.Tensors.Select(tensor => (tensor, second.Find(tensor.Spec.Name))).Where(pair => pair.Item2 is not null).Select(pair => (pair.tensor, pair.Item2!))];
        ComparedTensor[] compared =
            [.. common.Where(pair => ComparedTensor.CanCompare(pair.A.Spec, pair.B.Spec)).Select(pair => new ComparedTensor(new StoredTensorReader(pair.A), new StoredTensorReader(pair.B)))];
        TensorPass.Run("comparing", compared, options, backend, progress, cancel);
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
        [.. here.Tensors.Select(tensor => tensor.Spec.Name).Where(name => there.Find(name) is null).Order(StringComparer.Ordinal)];
}
