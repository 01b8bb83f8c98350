using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>Fingerprints of models with adapters tell their values apart, though little of them is computed.</summary>
public sealed class AdaptedFingerprintTests
{
    [Test]
    public void It_shows_another_model_adapter_and_scale()
    {
        string[] all =
        [
            Of(model: 1, adapter: 2, alpha: 4), Of(model: 5, adapter: 2, alpha: 4), Of(model: 1, adapter: 5, alpha: 4),
            Of(model: 1, adapter: 2, alpha: 8),
        ];
        Assert.That(all, Is.Unique.And.All.Match("^[0-9a-f]{32}$"));
    }

    [Test]
    public void It_does_not_depend_on_how_the_files_are_read([Values] IoMode io) =>
        Assert.That(Of(1, 2, 4, io: io), Is.EqualTo(Of(1, 2, 4)));

    [Test]
    public void It_does_not_depend_on_whether_factors_are_laid_out() =>
        Assert.That(Of(1, 2, 4, before: ReadAll), Is.EqualTo(Of(1, 2, 4)));

    private static void ReadAll(Checkpoint model)
    {
        foreach (StoredTensor tensor in model.Tensors)
            tensor.PeekAt(tensor.Offset, new byte[tensor.Spec.ByteLength]);
    }

    private static string Of(int model, int adapter, int alpha, IoMode io = IoMode.Mmap, Action<Checkpoint>? before = null)
    {
        using var folder = new ModelFolder();
        folder.Model("base", Values.Random("x.weight", ElementType.BF16, [60, 3000], model));
        TestCheckpoint.Write(
            folder.PathOf("lora"),
            [
                Values.Random("x.lora_A.weight", ElementType.F32, [4, 3000], adapter),
                Values.Random("x.lora_B.weight", ElementType.F32, [60, 4], adapter + 100),
            ]);
        string file = Path.Combine(folder.PathOf("lora"), "adapter_model.safetensors");
        File.Move(Path.Combine(folder.PathOf("lora"), "model.safetensors"), file);
        folder.File("lora", "adapter_config.json", $$"""{"peft_type": "LORA", "r": 4, "lora_alpha": {{alpha}}}""");
        using var stored = Checkpoint.Open(folder.PathOf("base"), io);
        using var factors = Checkpoint.Open(AdapterFiles.Find(folder.PathOf("lora")), io);
        using Checkpoint adapted = AdaptedModel.Of(stored, factors, packed: new PackedFactors());
        before?.Invoke(adapted);
        return Fingerprint.Of(adapted);
    }
}
