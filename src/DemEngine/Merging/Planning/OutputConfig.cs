using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>Makes <c>config.json</c> speak of the output rather than of the model it was copied from.</summary>
internal static class OutputConfig
{
    /// <summary>Amends what would be wrong, and nothing else.</summary>
    /// <param name="files">The side files.</param>
    /// <param name="type">The element type that the output was converted to; null if it was not.</param>
    /// <param name="vocabularyRows">The output's vocabulary, if it differs from the base's; null if not.</param>
    /// <param name="stacks">Stacks of layers that were put together from slices.</param>
    /// <exception cref="DemException">DEM2023: the file is not JSON, or has no key for the number of layers.</exception>
    public static void Amend(Dictionary<string, byte[]> files, ElementType? type, long? vocabularyRows, IReadOnlyList<SlicedStack> stacks)
    {
        if ((type is null && vocabularyRows is null && stacks.Count == 0) || ModelConfig.Of(files) is not { } config)
            return;

        if (type is not null)
            config.SetType(type.Value);
        if (vocabularyRows is not null)
            config.SetVocabulary(vocabularyRows.Value);
        foreach (SlicedStack stack in stacks)
        {
            if (!config.SetLayers(stack.Stack, stack.Count) && stack.Count != stack.BaseCount)
                throw new DemException(ErrorCode.BadSideFile, $"{ModelConfig.FileName}: no key for the number of layers is known here, such as num_hidden_layers");
            config.SetPerLayer(stack.Stack, stack.BaseCount, [.. stack.Runs.Select(run => (ModelConfig.Of(run.Model.Files), run.Layers.First, run.Layers.Count))]);
        }

        config.WriteTo(files);
    }
}
