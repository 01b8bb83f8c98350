using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Options;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

public sealed class PlannedOutputsTests
{
    private const int Count = 12;

    [Test]
    public void Tensors_of_a_large_plan_are_kept_only_once_a_run_asks_for_them()
    {
        int planned = 0;
        var outputs = new PlannedOutputs(Count, k => { planned++; return Tensor(k); }, mostKept: Count - 1);
        Assert.That(planned, Is.Zero);
        Assert.That(outputs.Each.Select(tensor => tensor.Spec.Name), Is.EqualTo(Names));
        OutputTensor first = outputs.Each.First();
        Assert.That(outputs.Each.First(), Is.Not.SameAs(first));
        ImmutableArray<OutputTensor> all = outputs.All;
        planned = 0;
        Assert.That(outputs.All, Is.EqualTo(all));
        Assert.That(outputs.Each, Is.EqualTo(all));
        Assert.That(planned, Is.Zero);
    }

    [Test]
    public void A_plan_says_the_same_whether_its_tensors_are_kept_or_not()
    {
        OutputPlan kept = Plan(mostKept: Count);
        OutputPlan anew = Plan(mostKept: 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(anew.BytesToRead, Is.EqualTo(kept.BytesToRead).And.Positive);
            Assert.That(anew.Hash, Is.EqualTo(kept.Hash));
            Assert.That(anew.BufferBytes(new RunOptions()), Is.EqualTo(kept.BufferBytes(new RunOptions())));
            Assert.That(anew.Operations, Is.EqualTo(kept.Operations).And.All.EqualTo("copy"));
            Assert.That(anew.PlannedTensors.Select(tensor => tensor.Spec.Name), Is.EqualTo(kept.PlannedTensors.Select(tensor => tensor.Spec.Name)));
            Assert.That(anew.MetadataBytes, Is.EqualTo(kept.MetadataBytes).And.Positive);
        }
    }

    private static string[] Names => [.. Enumerable.Range(0, Count).Select(k => $"t{k}")];

    private static OutputPlan Plan(int mostKept) => new(
        "save",
        null,
        [],
        [],
        new PlannedOutputs(Count, Tensor, mostKept),
        ShardLayout.Plan(Enumerable.Range(0, Count).Select(k => Tensor(k).Spec)),
        new Dictionary<string, byte[]>());

    private static OutputTensor Tensor(int k) => new SavedTensor(new Data($"t{k}"), ElementType.BF16);

    private sealed class Data(string name) : ITensorData
    {
        public TensorSpec Spec { get; } = new(name, ElementType.F32, new TensorShape(3, 4));

        public TypedBytes Read(long first, int count, NativeBytes scratch) => throw new NotSupportedException();
    }
}
