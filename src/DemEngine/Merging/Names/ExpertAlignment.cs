using DemEngine.Checkpoints.Layers;
using DemEngine.Errors;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Names;

/// <summary>Shows the experts of a model as the base stores its own, where the two store them in different ways.</summary>
internal static class ExpertAlignment
{
    /// <summary>Aligns the experts of a model with those of the base.</summary>
    /// <param name="baseModel">Model that says how experts are stored, and what its configuration says of them.</param>
    /// <param name="model">The model, under the base's names where it shares them, and what its configuration says.</param>
    /// <param name="name">Name of the model in messages.</param>
    /// <param name="remarks">List to which a note is added where they are stored in different ways.</param>
    /// <returns>The model itself if nothing is to be done, or nothing can be done.</returns>
    public static InputModel Align(
        (InputModel Tensors, ExpertStyle Style) baseModel,
        (InputModel Tensors, ExpertStyle Style) model,
        string name,
        ICollection<string> remarks)
    {
        // A vector or a file without a configuration is of the base's architecture, or is none that could be merged.
        InputModel ofBase = baseModel.Tensors;
        ExpertStyle style = model.Style.IsInterleaved is null ? baseModel.Style : model.Style;
        ExpertStyle baseStyle = baseModel.Style.IsInterleaved is null ? model.Style : baseModel.Style;
        InputModel aligned = ExpertViews.Separate(
            model.Tensors, style, block => !ofBase.Has(block + ExpertNames.Fused.Down)
                ? ExpertNames.In(block, tensor => ofBase.Has(tensor))
                : null);
        if (!ReferenceEquals(aligned, model.Tensors))
            return Noted("are stored all in one tensor, and the base's one by one");
        aligned = ExpertViews.Fuse(model.Tensors, BlocksToFuse());
        if (!ReferenceEquals(aligned, model.Tensors))
            return Noted("are stored one by one, and the base's all in one tensor");
        aligned = ExpertViews.Turned(model.Tensors, style, block => FusedExperts.Find(ofBase, block, baseStyle)?.Form);
        return ReferenceEquals(aligned, model.Tensors) ? aligned
            : Noted("have matrices with rows where the base's have columns");

        IEnumerable<(string Block, bool IsTransposed, bool IsInterleaved)> BlocksToFuse()
        {
            foreach (string block in ExpertViews.FusedBlocks(ofBase)
                .Where(block => !model.Tensors.Has(block + ExpertNames.Fused.Down)))
            {
                if (FusedExperts.Find(ofBase, block, baseStyle)?.Form is { } form)
                    yield return (block, form.IsTransposed, form.IsInterleaved);
            }
        }

        InputModel Noted(string how)
        {
            remarks.Add($"{name}: its experts {how}: they are read as the base has them");
            return aligned;
        }
    }

    /// <summary>Shows the experts of a model in the way that an output is to store them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="isSeparate">Whether each expert has tensors of its own.</param>
    /// <param name="style">What the model's configuration says of its experts.</param>
    /// <exception cref="DemException">
    /// DEM2054 (ExpertStorage): the model has no experts, or they cannot be shown in that way.
    /// </exception>
    public static InputModel Store(InputModel model, bool isSeparate, ExpertStyle style)
    {
        string[] blocks = [.. isSeparate ? ExpertViews.FusedBlocks(model) : ExpertViews.SeparateBlocks(model)];
        InputModel stored = isSeparate
            ? ExpertViews.Separate(model, style, NamesOf)
            : ExpertViews.Fuse(model, blocks.Select(block => (block, style.IsTransposed, style.IsInterleaved ?? false)));
        string[] left = [.. (isSeparate ? ExpertViews.FusedBlocks(stored) : ExpertViews.SeparateBlocks(stored))];
        if (left.Length > 0)
            throw Refuse($"those of {Quoted.List(left)} are not of the shapes [experts, 2·inside, hidden] and [experts, hidden, "
                + "inside], or not alike; transposed ones are read where config.json names an architecture that is known to "
                + "have them");
        bool hasAny = blocks.Length > 0
            || (isSeparate ? ExpertViews.SeparateBlocks(model) : ExpertViews.FusedBlocks(model)).Any();
        return hasAny ? stored : throw Refuse("there are none");

        ExpertNames NamesOf(string block) =>
            style.Names ?? ExpertNames.Usual with { Block = ExpertNames.OwnOf(block) };
        DemException Refuse(string what) => new(
            ErrorCode.ExpertStorage,
            $"{model.Path}: the experts cannot be stored {(isSeparate ? "one by one" : "all in one tensor")}: {what}")
        {
            Path = model.Path,
        };
    }
}
