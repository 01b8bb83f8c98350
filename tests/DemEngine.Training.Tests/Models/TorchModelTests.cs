using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Numerics;
using DemEngine.Tests;
using DemEngine.Training.Models;

namespace DemEngine.Training.Tests.Models;

public class TorchModelTests
{
    [TestCaseSource(typeof(TinyModels), nameof(TinyModels.All))]
    public void What_is_saved_is_read_again_bit_for_bit(LlamaConfig config)
    {
        using var folder = new TempFolder();
        using TorchModel model = TinyModels.Model(config);
        model.Save(folder.PathOf("model"), ElementType.F32);

        using Checkpoint checkpoint = Checkpoint.Open(folder.PathOf("model"));
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec.Name), Is.EquivalentTo(LlamaTensors.Of(config).Select(tensor => tensor.Name)));
        var weights = new CheckpointWeights(checkpoint);
        Assert.That(weights.Config, Is.EqualTo(config));
        using TorchModel again = TorchModel.Read(weights);
        Assert.That(TinyModels.Numbers(again.Weights), Is.EqualTo(TinyModels.Numbers(model.Weights)));
    }

    [Test]
    public void A_bfloat16_checkpoint_is_saved_byte_for_byte()
    {
        using var folder = new TempFolder();
        using TorchModel model = TinyModels.Model(TinyModels.Grouped);
        model.Save(folder.PathOf("first"), ElementType.BF16);
        using Checkpoint first = Checkpoint.Open(folder.PathOf("first"));
        using TorchModel read = TorchModel.Read(new CheckpointWeights(first));
        read.Save(folder.PathOf("second"), ElementType.BF16);

        Assert.That(File.ReadAllBytes(Path.Combine(folder.PathOf("second"), Checkpoint.SingleFileName)), Is.EqualTo(File.ReadAllBytes(first.Files[0])));
        Assert.That(TinyModels.Numbers(read.Weights), Is.Not.EqualTo(TinyModels.Numbers(model.Weights)), "it was rounded");
    }

    [Test]
    public void Its_folder_is_made_when_asked_for_and_goes_with_it()
    {
        TorchModel model = TinyModels.Model(TinyModels.Plain);
        string folder = model.Folder;
        using (Checkpoint checkpoint = Checkpoint.Open(folder))
            Assert.That(new CheckpointWeights(checkpoint).Config, Is.EqualTo(TinyModels.Plain));
        model.Dispose();
        Assert.That(Directory.Exists(folder), Is.False);
    }

    [Test]
    public void Tensors_that_are_not_the_configurations_are_refused()
    {
        using var folder = new TempFolder();
        using TorchModel model = TinyModels.Model(TinyModels.Plain);
        model.Save(folder.PathOf("model"), ElementType.F32);
        string config = Path.Combine(folder.PathOf("model"), LlamaConfig.FileName);
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"intermediate_size\": 12", "\"intermediate_size\": 13"));

        using Checkpoint checkpoint = Checkpoint.Open(folder.PathOf("model"));
        DemException e = Assert.Throws<DemException>(() => TorchModel.Read(new CheckpointWeights(checkpoint)).Dispose())!;
        Assert.That(e.Code, Is.EqualTo(ErrorCode.WrongTensors));
        Assert.That(e.Message, Does.Contain("gate_proj"));
    }
}
