using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Pipelines;
using DemEngine.Merging.Cards;

namespace DemEngine.Pipelines;

/// <summary>The model card of a merged pipeline and its recipe: those of any merge, with whole pipelines as the models.</summary>
internal static class PipelineCard
{
    private const long LongestCard = 4 << 20;

    /// <summary>Returns the card and the recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="files">Paths of the pipeline's files without weights.</param>
    /// <param name="tensors">All tensors of the components.</param>
    public static (string Name, byte[] Contents)[] Files(
        PipelineRecipe recipe, IEnumerable<string> files, ManifestTensor[] tensors)
    {
        var models = new List<ManifestInput>();
        recipe.Whole.WithPaths(path =>
        {
            if (!path.IsStage)
                models.Add(new ManifestInput("model", path.Written, ""));
            return path;
        });
        var card = new ModelCard(
            recipe.Whole, [.. models], recipe.Alignment, files, new Lazy<StatedLicense?>(() => LicenseOf(recipe)));
        return card.Files(new Manifest(Manifest.ThisEngine, PipelineOutput.Operation, null, [], tensors).TensorsHash);
    }

    // Roots without an index are adapters.
    private static StatedLicense? LicenseOf(PipelineRecipe recipe)
    {
        StatedLicense?[] stated = [.. recipe.Roots.Where(PipelineFolder.IsRoot).Select(Read).Distinct()];
        return stated.Length == 1 ? stated[0] : null;
    }

    private static StatedLicense? Read(string root)
    {
        try
        {
            byte[]? card = BoundedFile.Read(Path.Combine(root, ModelCard.FileName), LongestCard);
            return card is null ? null : StatedLicense.Read(card);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // A pipeline need not have a card.
        }
    }
}
