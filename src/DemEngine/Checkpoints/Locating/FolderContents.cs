using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Stores;

namespace DemEngine.Checkpoints.Locating;

/// <summary>
/// Tells what lies in a folder that holds no checkpoint under the usual names, so that the error can say what is there and what
/// to do about it.
/// </summary>
internal static class FolderContents
{
    /// <summary>Makes the error of a folder without a checkpoint.</summary>
    /// <param name="folder">Path of the folder, as it was given.</param>
    /// <param name="files">Names of its files.</param>
    public static DemException Refuse(string folder, IReadOnlyCollection<string> files)
    {
        string[] weights = [.. files.Where(file => Ends(file, ".safetensors"))];
        if (files.Contains("adapter_config.json", StringComparer.Ordinal)
            || files.Any(file => file.StartsWith("adapter_model.", StringComparison.Ordinal)))
        {
            return new DemException(
                ErrorCode.Adapter,
                $"{folder}: this is an adapter (adapter_config.json, adapter_model.safetensors), not a model")
            {
                Path = folder,
            };
        }

        if (files.Contains("model_index.json", StringComparer.Ordinal))
        {
            string[] parts =
            [
                .. Directory.GetDirectories(folder)
                    .Where(part => HoldsModel(part) || Directory.EnumerateFiles(part, "*.safetensors").Any())
                    .Select(path => Path.GetFileName(path))
                    .Order(StringComparer.Ordinal),
            ];
            string example = parts.Length == 0 ? "the file" : Path.Combine(folder, parts[0]);
            return NotFound(
                folder,
                "this is the root of a diffusers pipeline; its models lie in folders of their own: "
                + Quoted.List(parts),
                "Here one model is wanted: give its folder or file, such as "
                + $"{example}. Whole pipelines are taken by recipes of `dem merge` and `dem sweep` whose models are all such "
                + "roots, and by `dem convert`, `extract`, `inspect`, `diff` and `distance`.");
        }

        if (weights.Length == 1)
            return NotFound(
                folder,
                $"there is no {CheckpointFiles.SingleName}, but {Quoted.Name(weights[0])}",
                $"Give the file itself: {Path.Combine(folder, weights[0])}");
        if (weights.Length > 1)
            return NotFound(
                folder,
                $"there is no {CheckpointFiles.SingleName}; there are {weights.Length} other safetensors files: "
                + Quoted.List(weights),
                "Give the file that is meant, itself.");
        if (files.Where(file => Ends(file, ".gguf")).ToArray() is { Length: > 0 } gguf)
            return NotFound(
                folder,
                $"there are no safetensors files, but {gguf.Length} of llama.cpp: {Quoted.List(gguf)}",
                "Give the file that is meant, itself.");
        string[] pickles = [.. files.Where(IsPickled)];
        if (pickles.Length > 0)
            return NotFound(
                folder,
                $"there are no safetensors files and none under a name like {WeightNames.PyTorch[0].Single}, but "
                + $"{Quoted.List(pickles)} of PyTorch",
                pickles.Length == 1
                    ? $"Give the file itself: {Path.Combine(folder, pickles[0])}"
                    : "Give the file that is meant, itself.");
        foreach (string file in files)
        {
            if (FileSignature.FrameworkOf(file) is { } remedy)
                return NotFound(folder, $"there are no safetensors files, but {Quoted.Name(file)}", remedy);
        }

        string[] below = [.. Directory.GetDirectories(folder).Where(HoldsModel).Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];
        if (below.Length > 0)
            return NotFound(
                folder,
                $"there is no model in this folder itself, but in folders below it: {Quoted.List(below)}",
                $"Give the one that is meant, such as {Path.Combine(folder, below[0])}.");
        string snapshots = Path.Combine(folder, "snapshots");
        string[] revisions = Directory.Exists(snapshots)
            ? [.. Directory.GetDirectories(snapshots).Where(HoldsModel).Order(StringComparer.Ordinal)]
            : [];
        if (revisions.Length > 0)
            return NotFound(
                folder,
                "refs/main names none of the revisions that are there: "
                + $"{Quoted.List([.. revisions.Select(path => Path.GetFileName(path))])}",
                $"Give the one that is meant, such as {revisions[0]}.");
        if (HubCache.IdOf(folder) is { } id)
            return NotFound(
                folder,
                $"the local Hugging Face cache has no weights of {id} there: it was never fetched, or not to the end",
                $"Run `hf download {id}`, which fetches what is missing.");
        return StoreCopies.RefusalOf(folder) ?? NotFound(
            folder,
            $"neither {CheckpointFiles.IndexName} nor {CheckpointFiles.SingleName} is there",
            ErrorCode.CheckpointNotFound.Remedy);
    }

    private static DemException NotFound(string folder, string what, string remedy) =>
        new(ErrorCode.CheckpointNotFound, $"{folder}: {what}", remedy: remedy) { Path = folder };

    private static bool HoldsModel(string folder) =>
        WeightNames.Safetensors.Concat(WeightNames.PyTorch)
            .Any(names => File.Exists(Path.Combine(folder, names.Single)) || File.Exists(Path.Combine(folder, names.Index)));

    private static bool IsPickled(string file) =>
        Ends(file, ".pt") || Ends(file, ".pth") || Ends(file, ".ckpt")
        || (Ends(file, ".bin") && (file.Contains("model", StringComparison.OrdinalIgnoreCase) || file.Contains("consolidated")));

    private static bool Ends(string file, string suffix) => file.EndsWith(suffix, StringComparison.OrdinalIgnoreCase);
}
