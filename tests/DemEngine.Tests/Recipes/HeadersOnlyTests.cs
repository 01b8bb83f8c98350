using DemEngine.Checkpoints;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Tests.Recipes;

/// <summary>Plans that are made to find mistakes, and not to be carried out.</summary>
public class HeadersOnlyTests
{
    [Test]
    public void A_plan_from_headers_reads_no_element_and_has_the_sizes_of_the_whole_plan()
    {
        Recipe recipe = RecipeReader.Parse("{merge_method: linear, models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]}", "recipe");
        ModelSources Models(bool mayBeRead) => ModelSources.None.With("a", new Model(mayBeRead)).With("b", new Model(mayBeRead));
        var headers = new RunOptions { HeadersOnly = true };
        using MergePlan checkedOnly = MergePlanner.Plan(recipe, new AlignmentOptions(), headers, Models(mayBeRead: false));
        using MergePlan whole = MergePlanner.Plan(recipe, new AlignmentOptions(), new RunOptions(), Models(mayBeRead: true));
        Assert.That(() => MergePlanner.Plan(recipe, new AlignmentOptions(), new RunOptions(), Models(mayBeRead: false)), Throws.Exception);
        Assert.That(checkedOnly.Plan.BytesToRead, Is.EqualTo(whole.Plan.BytesToRead));
        Assert.That(checkedOnly.Plan.BytesToWrite, Is.EqualTo(whole.Plan.BytesToWrite));
    }

    private sealed class Model(bool mayBeRead) : IModelSource
    {
        public IReadOnlyList<TensorSpec> Tensors { get; } =
            [new("model.layers.0.mlp.up_proj.weight", ElementType.F32, new TensorShape(8, 4)), new("model.norm.weight", ElementType.F32, new TensorShape(4))];

        public void Read(int tensor, long offset, Span<byte> destination)
        {
            if (!mayBeRead)
                throw new IOException("an element was read");
            destination.Clear();
        }
    }
}
