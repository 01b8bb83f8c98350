using DemEngine.Errors;
using DemEngine.Merging.Inputs;

namespace DemEngine.Merging.Names;

/// <summary>Shows the experts of a model as the base stores its own, where the two store them in different ways.</summary>
internal static class ExpertAlignment
{
    /// <summary>Aligns the experts of a model with those of the base.</summary>
    /// <param name="baseModel">Model that says how experts are stored.</param>
    /// <param name="model">The model, under the base's names where it shares them.</param>
    /// <param name="name">Name of the model in messages.</param>
    /// <param name="remarks">List to which a note is added where they are stored in different ways.</param>
    /// <returns>The model itself if nothing is to be done, or nothing can be done.</returns>
    public static InputModel Align(InputModel baseModel, InputModel model, string name, ICollection<string> remarks)
    {
        InputModel aligned = ExpertViews.Separate(
            model, block => baseModel.Find(block + ExpertNames.Fused.Down) is null
                ? ExpertNames.In(block, tensor => baseModel.Find(tensor) is not null)
                : null);
        bool isDivided = !ReferenceEquals(aligned, model);
        if (!isDivided)
            aligned = ExpertViews.Fuse(
                model, ExpertViews.FusedBlocks(baseModel).Where(block => model.Find(block + ExpertNames.Fused.Down) is null));
        if (!ReferenceEquals(aligned, model))
            remarks.Add(
                $"{name}: its experts are stored {(isDivided ? "all in one tensor" : "one by one")}, and the base's "
                + $"{(isDivided ? "one by one" : "all in one tensor")}: they are read as the base has them");
        return aligned;
    }

    /// <summary>Shows the experts of a model in the way that an output is to store them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="isSeparate">Whether each expert has tensors of its own.</param>
    /// <param name="names">Names of tensors of single experts; null for the usual ones.</param>
    /// <exception cref="DemException">
    /// DEM2054 (ExpertStorage): the model has no experts, or they cannot be shown in that way.
    /// </exception>
    public static InputModel Store(InputModel model, bool isSeparate, ExpertNames? names)
    {
        string[] blocks = [.. isSeparate ? ExpertViews.FusedBlocks(model) : ExpertViews.SeparateBlocks(model)];
        InputModel stored = isSeparate ? ExpertViews.Separate(model, NamesOf) : ExpertViews.Fuse(model, blocks);
        string[] left = [.. (isSeparate ? ExpertViews.FusedBlocks(stored) : ExpertViews.SeparateBlocks(stored))];
        if (left.Length > 0)
            throw Refuse($"those of {Quoted.List(left)} are not of the shapes [experts, 2·inside, hidden] and [experts, hidden, "
                + "inside], or not alike");
        bool hasAny = blocks.Length > 0
            || (isSeparate ? ExpertViews.SeparateBlocks(model) : ExpertViews.FusedBlocks(model)).Any();
        return hasAny ? stored : throw Refuse("there are none");

        ExpertNames NamesOf(string block) =>
            names ?? ExpertNames.Usual with { Block = block[(block.LastIndexOf('.') + 1)..] };
        DemException Refuse(string what) => new(
            ErrorCode.ExpertStorage,
            $"{model.Path}: the experts cannot be stored {(isSeparate ? "one by one" : "all in one tensor")}: {what}")
        {
            Path = model.Path,
        };
    }
}
