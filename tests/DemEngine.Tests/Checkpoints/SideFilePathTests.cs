using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Recipes;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Checkpoints;

/// <summary>Paths of side files, which programs may give as they like.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class SideFilePathTests
{
    [TestCase("config.json", ExpectedResult = true)]
    [TestCase("1_Pooling/config.json", ExpectedResult = true)]
    [TestCase("..json", ExpectedResult = true)]
    [TestCase("", ExpectedResult = false)]
    [TestCase("..", ExpectedResult = false)]
    [TestCase("../config.json", ExpectedResult = false)]
    [TestCase("a/../../config.json", ExpectedResult = false)]
    [TestCase("/etc/passwd", ExpectedResult = false)]
    [TestCase("a//b", ExpectedResult = false)]
    [TestCase("a/", ExpectedResult = false)]
    [TestCase("..\\config.json", ExpectedResult = false)]
    [TestCase("C:/config.json", ExpectedResult = false)]
    [TestCase("a\0b", ExpectedResult = false)]
    public bool Only_paths_in_the_folder_are_inside(string path) => SideFilePath.IsInside(path);

    [TestCase("../stolen.json")]
    [TestCase("model.safetensors")]
    [TestCase("model.safetensors/a.json")]
    public void A_side_file_is_not_written_elsewhere_or_over_the_weights(string name)
    {
        using var folder = new ModelFolder();
        var tensor = Values.Tensor("t", ElementType.BF16, [2], 1, 2);
        folder.Model("base", tensor).Model("a", tensor);
        using var source = Checkpoint.Open(folder.PathOf("a"));
        Failing.With(ErrorCode.BadSideFile, () => MergePlanner.Plan(
            RecipeReader.Parse("merge_method: linear\nmodels: [{model: mine, parameters: {weight: 1}}]", "r.yaml"),
            new AlignmentOptions(),
            new RunOptions(),
            ModelSources.None.With("mine", new Hostile(source, name))));
    }

    private sealed class Hostile(Checkpoint checkpoint, string name) : IModelSource
    {
        public IReadOnlyList<TensorSpec> Tensors { get; } = [.. checkpoint.Tensors.Select(tensor => tensor.Spec)];

        public IReadOnlyDictionary<string, byte[]> SideFiles { get; } = new Dictionary<string, byte[]> { [name] = "{}"u8.ToArray() };

        public void Read(int tensor, long offset, Span<byte> destination) => destination.Clear();
    }
}
