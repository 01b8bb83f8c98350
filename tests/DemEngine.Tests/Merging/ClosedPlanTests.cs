using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Merging.Planning;
using DemEngine.Numerics;
using DemEngine.Recipes;

namespace DemEngine.Tests.Merging;

/// <summary>Plans whose models a program has closed, and arguments that it does not give: exceptions, and never the end of the process.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class ClosedPlanTests
{
    private const string Recipe = """
        merge_method: ties
        base_model: base
        models: [{model: tuned, parameters: {weight: 1, density: 0.5}}]
        """;

    [Test]
    public void A_plan_that_was_disposed_is_not_carried_out([Values] IoMode io)
    {
        using ModelFolder folder = Family();
        var options = new RunOptions { Io = io };
        MergePlan merge = folder.Plan(Recipe, options);
        merge.Dispose();
        merge.Dispose();
        using var backend = new CpuBackend();
        Assert.That(() => OutputRun.Check(merge.Plan, folder.PathOf("out"), options), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => OutputRun.Execute(merge.Plan, folder.PathOf("out"), backend, options), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => OutputRun.ExecuteInto(merge.Plan, new NoSink(), backend, options), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(Path.Exists(folder.PathOf("out")), Is.False);
    }

    [Test]
    public void A_tensor_of_a_closed_model_is_not_read([Values] IoMode io)
    {
        using ModelFolder folder = Family();
        var model = Checkpoint.Open(folder.PathOf("base"), io);
        StoredTensor tensor = model.Find("w")!;
        using var room = new NativeBuffer(16);
        model.Dispose();
        Assert.That(() => tensor.Read(0, 4, room.Bytes), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void An_argument_that_is_null_is_named()
    {
        using ModelFolder folder = Family();
        var options = new RunOptions();
        using MergePlan merge = folder.Plan(Recipe);
        using var backend = new CpuBackend();
        (string Name, Action Call)[] calls =
        [
            ("recipe", () => MergePlanner.Plan(null!, new AlignmentOptions(), options)),
            ("alignment", () => MergePlanner.Plan(RecipeReader.Parse(Recipe, "r.yaml"), null!, options)),
            ("run", () => MergePlanner.Plan(RecipeReader.Parse(Recipe, "r.yaml"), new AlignmentOptions(), null!)),
            ("plan", () => OutputRun.Execute(null!, folder.PathOf("out"), backend, options)),
            ("output", () => OutputRun.Execute(merge.Plan, null!, backend, options)),
            ("output", () => OutputRun.Execute(merge.Plan, "", backend, options)),
            ("backend", () => OutputRun.Execute(merge.Plan, folder.PathOf("out"), null!, options)),
            ("options", () => OutputRun.Execute(merge.Plan, folder.PathOf("out"), backend, null!)),
            ("sink", () => OutputRun.ExecuteInto(merge.Plan, null!, backend, options)),
        ];
        foreach (var (name, call) in calls)
            Assert.That(() => call(), Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo(name), name);
    }

    private static ModelFolder Family() => new ModelFolder()
        .Model("base", Values.Tensor("w", ElementType.F32, [8], 1, 2, 3, 4, 5, 6, 7, 8))
        .Model("tuned", Values.Tensor("w", ElementType.F32, [8], 2, 2, 4, 4, 6, 6, 8, 8));

    private sealed class NoSink : IModelSink
    {
        public void Begin(IReadOnlyList<TensorSpec> tensors) => Assert.Fail("nothing is begun");

        public void Write(TensorSpec tensor, long offset, ReadOnlySpan<byte> bytes) => Assert.Fail("nothing is written");

        public void Complete(IReadOnlyDictionary<string, byte[]> sideFiles) => Assert.Fail("nothing is complete");
    }
}
