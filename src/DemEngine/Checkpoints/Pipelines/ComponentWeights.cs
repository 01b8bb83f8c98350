using System.Text.RegularExpressions;
using DemEngine.Checkpoints.Folders;
using DemEngine.Checkpoints.Locating;
using DemEngine.Errors;

namespace DemEngine.Checkpoints.Pipelines;

/// <summary>Finds the weights of a component of a pipeline, which may be there as a variant alone, such as fp16.</summary>
internal static partial class ComponentWeights
{
    /// <summary>
    /// Finds the weights: those under the usual names; else the only variant, as safetensors before PyTorch's form.
    /// </summary>
    /// <param name="folder">Path of the component's folder.</param>
    /// <returns>The path to open, the folder or a file in it; null if the folder has no weights.</returns>
    /// <exception cref="DemException">
    /// DEM2001 (CheckpointNotFound): the weights are in a form that is not read. DEM2013 (AmbiguousCheckpoint): there are several
    /// variants and none without.
    /// </exception>
    public static string? Find(string folder)
    {
        string[] names = [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        foreach (IReadOnlyList<WeightNames> known in new[] { WeightNames.Safetensors, WeightNames.PyTorch })
        {
            if (known.Any(one => names.Contains(one.Single, StringComparer.Ordinal)
                || names.Contains(one.Index, StringComparer.Ordinal)))
                return folder;
            ShardNames[] sets = ShardNames.Find(names, known[0].Suffix);
            string[] singles =
            [
                .. names.Where(name => name.EndsWith(known[0].Suffix, StringComparison.Ordinal) && Variant().IsMatch(name))
                    .Except(sets.SelectMany(set => set.Files.Values), StringComparer.Ordinal),
            ];
            if (sets.Length + singles.Length > 1)
                throw new DemException(
                    ErrorCode.AmbiguousCheckpoint,
                    $"{folder}: {sets.Length + singles.Length} variants of the weights, and none under the name without one: "
                    + Quoted.List([.. singles, .. sets.Select(set => set.Files.First().Value)]),
                    remedy: "Keep one of them in the folder, or give the one that is meant the name without the variant.")
                {
                    Path = folder,
                };
            if (sets.Length == 1)
                return folder;
            if (singles.Length == 1)
                return Path.Combine(folder, singles[0]);
        }

        string[] others = [.. names.Where(SideFileKind.IsWeights)];
        return others.Length == 0 ? null : throw new DemException(
            ErrorCode.CheckpointNotFound,
            $"{folder}: the weights of this component are in a form or under a name that is not read in a pipeline: "
            + Quoted.List(others),
            remedy: "Fetch the component's safetensors files, or save the pipeline again with diffusers.")
        {
            Path = folder,
        };
    }

    [GeneratedRegex(@"\A(model|diffusion_pytorch_model|pytorch_model)\.[^/]+\.[a-z]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Variant();
}
