using DemEngine.Backends;
using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Options;
using DemEngine.Numerics;

namespace DemEngine.Analysis;

/// <summary>Checks a folder that this tool wrote against the hashes in its manifest.</summary>
public static class Verification
{
    /// <summary>Hashes every tensor.</summary>
    /// <param name="folder">With a <c>dem-manifest.json</c>.</param>
    /// <param name="options">Threads, memory and I/O.</param>
    /// <param name="progress">Told where the pass stands, from any thread, often.</param>
    /// <param name="cancel">Stops between tiles.</param>
    /// <exception cref="DemException">DEM2001 to DEM2013, DEM2021, DEM2022, DEM4003, DEM4005. Damage is reported, not thrown.</exception>
    public static VerifyReport Run(
        string folder, RunOptions options, Action<RunProgress>? progress = null, CancellationToken cancel = default)
    {
        using Checkpoint checkpoint = Checkpoint.Open(folder, options.Io);
        Manifest manifest = Manifest.Read(checkpoint.Folder);
        Dictionary<string, ManifestTensor> stated = manifest.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);

        HashedTensor[] tensors = [.. checkpoint.Tensors.Select(tensor => new HashedTensor(new StoredTensorReader(tensor)))];
        using var backend = new NullBackend();
        TensorPass.Run("verifying", tensors, options, backend, progress, cancel);
        checkpoint.CheckUnchanged();

        return new VerifyReport(
            folder,
            tensors.Length,
            checkpoint.ByteLength,
            [.. tensors.Where(tensor => stated.TryGetValue(tensor.Name, out ManifestTensor? said) && !IsAsSaid(checkpoint.Find(tensor.Name)!.Spec, tensor.Hash, said))
                .Select(tensor => tensor.Name)],
            [.. manifest.Tensors.Select(tensor => tensor.Name).Where(name => checkpoint.Find(name) is null)],
            [.. tensors.Select(tensor => tensor.Name).Where(name => !stated.ContainsKey(name))]);
    }

    private static bool IsAsSaid(TensorSpec spec, string hash, ManifestTensor said) =>
        said.Hash == hash && said.Dtype == spec.Type.SafetensorsName && said.Shape.SequenceEqual(spec.Shape.Dimensions);
}
