using System.Text;
using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Analysis;

public sealed class VerificationTests
{
    private AnalysisFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new AnalysisFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void One_corrupted_byte_is_found_in_its_tensor([Values] IoMode io, [Values(1, 3)] int threads)
    {
        string path = Synthesise();
        var options = new RunOptions { Io = io, Threads = threads, TileBytes = 256 << 10 };
        Assert.That(Verification.Run(path, options).IsIntact, Is.True);

        StoredTensor victim;
        using (Checkpoint checkpoint = Checkpoint.Open(path))
            victim = checkpoint.Find("model.layers.2.mlp.up_proj.weight")!;
        using (FileStream file = File.OpenWrite(victim.File))
        {
            file.Position = victim.Offset + victim.Spec.ByteLength - 1;
            file.WriteByte(0x55);
        }

        VerifyReport report = Verification.Run(path, options);
        Assert.That(report.Differing, Is.EqualTo([victim.Spec.Name]));
        Assert.That(report.Missing, Is.Empty);
        Assert.That(report.Extra, Is.Empty);
        Assert.That(
            report.ThrowUnlessIntact,
            Throws.InstanceOf<DemException>().With.Property("Code").SameAs(ErrorCode.VerifyFailed).And.Message.Contains(victim.Spec.Name));
    }

    [Test]
    public void Missing_and_extra_tensors_are_named()
    {
        string path = Synthesise();
        string manifest = Path.Combine(path, Manifest.FileName);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"model.norm.weight\"", "\"gone\"", StringComparison.Ordinal));
        VerifyReport report = Verification.Run(path, new RunOptions());
        Assert.That(report.Missing, Is.EqualTo(["gone"]));
        Assert.That(report.Extra, Is.EqualTo(["model.norm.weight"]));
        Assert.That(report.Differing, Is.Empty);
    }

    [TestCase("""{"engine":"e","operation":"o","inputs":[],"tensors":[null]}""")]
    [TestCase("""{"engine":"e","operation":"o","inputs":[],"tensors":[{"name":"a"}]}""")]
    [TestCase("""{"engine":"e","operation":"o","inputs":[],"tensors":[{"name":"a","hash":"0"},{"name":"a","hash":"0"}]}""")]
    [TestCase("""{"engine":"e","operation":"o","inputs":[],"tensors":null}""")]
    [TestCase("[]")]
    public void A_manifest_of_another_form_is_an_error(string json)
    {
        string path = _folder.Write("m", Blob.F32("a", 1));
        File.WriteAllBytes(Path.Combine(path, Manifest.FileName), Encoding.UTF8.GetBytes(json));
        Assert.That(
            () => Verification.Run(path, new RunOptions()),
            Throws.InstanceOf<DemException>().With.Property("Code").SameAs(ErrorCode.BadManifest));
    }

    [Test]
    public void A_summary_counts_layers_types_and_bytes()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Synthesise());
        CheckpointSummary summary = CheckpointSummary.Of(checkpoint);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(summary.Kind, Is.EqualTo("model"));
            Assert.That(summary.Stacks, Is.EqualTo([new LayerStack("model.layers", 4)]));
            Assert.That(summary.Types.Single().Type, Is.EqualTo(ElementType.BF16));
            Assert.That(summary.Parameters * 2, Is.EqualTo(summary.TensorBytes));
            Assert.That(summary.FileBytes, Is.EqualTo(new DirectoryInfo(checkpoint.Folder).GetFiles("*.safetensors").Sum(file => file.Length)));
            Assert.That(summary.Files.Sum(file => file.Tensors), Is.EqualTo(summary.Tensors.Length));
            Assert.That(summary.Manifest!.Operation, Is.EqualTo("synth"));
        }
    }

    private string Synthesise()
    {
        using var backend = new CpuBackend();
        OutputRun.Execute(
            SynthPlanner.PlanBase(LlamaShape.Of("tiny"), ElementType.BF16, 1, maxShardBytes: 200_000), _folder["synth"], backend, new RunOptions());
        return _folder["synth"];
    }
}
