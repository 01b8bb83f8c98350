using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Names;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tokens;

namespace DemEngine.Merging.Planning;

/// <summary>Aligns whole checkpoints with a base, outside any recipe: names, tied weights, then tensor by tensor.</summary>
internal static class CheckpointAlignment
{
    /// <summary>Aligns checkpoints with a base.</summary>
    /// <param name="baseModel">The base.</param>
    /// <param name="sources">The checkpoints, with the names that they have in messages.</param>
    /// <param name="options">Policies for tensors and vocabularies that do not match.</param>
    /// <exception cref="DemException">
    /// DEM2014 to DEM2018 (MissingTensor to TypeMismatch), DEM2031 (ExpertLayouts): a tensor does not match the base.
    /// </exception>
    public static TensorAlignment Align(
        (Checkpoint Checkpoint, InputModel Tensors) baseModel,
        IReadOnlyList<(Checkpoint Checkpoint, AlignedSource Source)> sources,
        AlignmentOptions options)
    {
        var remarks = new List<string>();
        var ties = new TieAlignment(
        [
            Describe(baseModel.Checkpoint, baseModel.Tensors, "the base"),
            .. sources.Select(source => Describe(
                source.Checkpoint,
                ExpertAlignment.Align(
                    (baseModel.Tensors, StyleOf(baseModel.Checkpoint)),
                    (NameAlignment.Align(baseModel.Tensors, source.Source.Model, source.Source.Name, remarks),
                        StyleOf(source.Checkpoint)),
                    source.Source.Name,
                    remarks),
                source.Source.Name)),
        ]);
        return new TensorAlignment(
            ties.Models[0],
            [.. sources.Select((source, k) => source.Source with { Model = ties.Models[k + 1] })],
            new Lazy<TokenTables>(() => new TokenTables(
            [
                (ties.Models[0], baseModel.Checkpoint.ReadSideFiles().Files, false),
                .. sources.Select((source, k) =>
                    (ties.Models[k + 1], source.Checkpoint.ReadSideFiles().Files, source.Source.IsVector)),
            ])),
            options,
            [.. remarks, .. ties.Remarks]);
    }

    private static ExpertStyle StyleOf(Checkpoint checkpoint) =>
        ExpertStyle.Of(checkpoint.ReadSideFiles().Files);

    private static TiedModel Describe(Checkpoint checkpoint, InputModel tensors, string name)
    {
        IReadOnlyDictionary<string, byte[]> files = checkpoint.ReadSideFiles().Files;
        return new TiedModel(
            tensors,
            TiedWeights.Find(checkpoint),
            EmbeddingTie.Read(files),
            files.ContainsKey(ModelConfig.FileName),
            name);
    }
}
