using DemEngine.Checkpoints;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Tests.Merging;

/// <summary>Readers of stored tensors are made whenever one is needed, so that they are told apart by their tensors.</summary>
public sealed class StoredReaderTests
{
    [Test]
    public void Readers_are_equal_where_they_read_the_same_stored_tensor()
    {
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, [TestCheckpoint.Tensor("a", ElementType.F32, [4]), TestCheckpoint.Tensor("b", ElementType.F32, [4])]);
        using var one = Checkpoint.Open(folder.Path);
        using var other = Checkpoint.Open(folder.Path);
        var model = new InputModel(one);

        Assert.That(model.Find("a"), Is.EqualTo(model.Tensors[0].Tensor));
        Assert.That(model.Find("a") == new InputModel(one).Find("a"), "of the same checkpoint");
        Assert.That(model.Find("a")!.GetHashCode(), Is.EqualTo(model.Tensors[0].Tensor.GetHashCode()));
        Assert.That(model.Find("a") != model.Find("b"));
        Assert.That(model.Find("a") != new InputModel(other).Find("a"), "a checkpoint that is opened twice may change between");
        Assert.That(model.Find("c") is null && !model.Has("c") && model.FindSpec("c") is null);
    }

    [Test]
    public void A_model_shows_a_stored_tensor_as_its_reader_does()
    {
        using var folder = new TempFolder();
        TestCheckpoint.Write(folder.Path, [TestCheckpoint.Tensor("a", ElementType.BF16, [2, 3])]);
        using var checkpoint = Checkpoint.Open(folder.Path);
        var tensor = new InputModel(checkpoint).Tensors.Single();
        var read = new NamedInput("other", tensor.Tensor);

        Assert.That(tensor.Name, Is.EqualTo("a"));
        Assert.That(read.Name, Is.EqualTo("other"));
        Assert.That(tensor.Spec, Is.EqualTo(tensor.Tensor.Spec).And.EqualTo(read.Spec));
        Assert.That(tensor.ModelType, Is.EqualTo(tensor.Tensor.ModelType).And.EqualTo(read.ModelType));
    }
}
