using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Configs;
using DemEngine.Merging.Models;
using DemEngine.Numerics;

namespace DemEngine.Merging.Planning;

/// <summary>Amends <c>config.json</c> so that it describes the output rather than the model that it was copied from.</summary>
internal static class OutputConfig
{
    /// <summary>Amends the values that would be wrong, and nothing else.</summary>
    /// <param name="files">Small files of the output, by name.</param>
    /// <param name="owner">Name of the model that the files were copied from, for messages.</param>
    /// <param name="type">Element type that the output was converted to; null if it was not converted.</param>
    /// <param name="stacks">Stacks of layers that were assembled from slices.</param>
    /// <returns>Warnings for the user.</returns>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the file is not JSON. DEM2028 (LayersDoNotFit): stacked layers are not of the kinds of their
    /// places.
    /// </exception>
    public static IReadOnlyList<string> Amend(
        Dictionary<string, byte[]> files,
        string owner,
        ElementType? type,
        IReadOnlyList<SlicedStack> stacks)
    {
        ModelConfig? config = type is null && stacks.Count == 0 ? null : ModelConfig.Of(files, owner);
        if (type is not null)
            config?.SetType(type.Value);
        var remarks = new List<string>();
        if (type is { } narrow && narrow.SafetensorsName.StartsWith("F8_", StringComparison.Ordinal))
            remarks.Add(
                $"{narrow.SafetensorsName} is written as plain numbers without scales: what lies beyond its range or below its "
                + "precision is lost, and transformers does not load such a model");
        foreach (SlicedStack stack in stacks)
        {
            StackedKinds kinds = config is null
                ? StackedKinds.Unknown(stack.BaseCount, stack.Count)
                : StackConfig.Amend(config, stack.Stack, stack.BaseCount, stack.Base.PredictionLayers, LayersOf(stack));
            StackedTensors.Check(stack, kinds);
            remarks.AddRange(kinds.Remarks);
        }

        config?.WriteTo(files);
        return remarks;
    }

    private static StackedLayer[] LayersOf(SlicedStack stack)
    {
        Dictionary<SourceModel, ModelConfig?> configs = stack.Runs.Select(run => run.Model).Distinct()
            .ToDictionary(model => model, model => ModelConfig.Of(model.Files, model.Tensors.Path));
        return
        [
            .. stack.Runs.SelectMany(run => Enumerable.Range(run.Layers.First, run.Layers.Count)
                .Select(layer => new StackedLayer(configs[run.Model], run.Name, layer, run.Map.Count))),
        ];
    }
}
