using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>Amends <c>config.json</c> so that it describes the output rather than the model that it was copied from.</summary>
internal static class OutputConfig
{
    /// <summary>Amends the values that would be wrong, and nothing else.</summary>
    /// <param name="files">Small files of the output, by name.</param>
    /// <param name="owner">Name of the model that the files were copied from, for messages.</param>
    /// <param name="type">Element type that the output was converted to; null if it was not converted.</param>
    /// <param name="vocabularyRows">Number of vocabulary rows of the output if it differs from the base's; else null.</param>
    /// <param name="stacks">Stacks of layers that were assembled from slices.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the file is not JSON, or has no key for the number of layers.
    /// </exception>
    public static void Amend(
        Dictionary<string, byte[]> files,
        string owner,
        ElementType? type,
        long? vocabularyRows,
        IReadOnlyList<SlicedStack> stacks)
    {
        if ((type is null && vocabularyRows is null && stacks.Count == 0) || ModelConfig.Of(files, owner) is not { } config)
            return;

        if (type is not null)
            config.SetType(type.Value);
        if (vocabularyRows is not null)
            config.SetVocabulary(vocabularyRows.Value);
        foreach (SlicedStack stack in stacks)
        {
            if (!config.SetLayers(stack.Stack, stack.Count) && stack.Count != stack.BaseCount)
                throw new DemException(
                    ErrorCode.BadSideFile,
                    $"{owner}: {ModelConfig.FileName}: no key for the number of layers is known here, such as num_hidden_layers",
                    remedy: "Give the file such a key with the base's number of layers.");
            config.SetPerLayer(
                stack.Stack,
                stack.BaseCount,
                [.. stack.Runs.Select(run => (ModelConfig.Of(run.Model.Files, run.Model.Tensors.Path), run.Layers.First, run.Layers.Count))]);
        }

        config.WriteTo(files);
    }
}
