using DemEngine.Analysis;
using DemEngine.Backends.Cpu;
using DemEngine.Checkpoints;
using DemEngine.Lab.Synthesis;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using DemEngine.Numerics;

namespace DemEngine.Tests.Analysis;

public sealed class FileVerificationTests
{
    private AnalysisFolder _folder = null!;
    private string _path = null!;

    [SetUp]
    public void MakeModel()
    {
        _folder = new AnalysisFolder();
        _path = _folder["model"];
        using var backend = new CpuBackend();
        OutputRun.Execute(
            SynthPlanner.PlanBase(LlamaShape.Of("tiny"), ElementType.BF16, 1, maxShardBytes: 200_000), _path, backend, new RunOptions());
    }

    [TearDown]
    public void RemoveModel() => _folder.Dispose();

    [Test]
    public void An_output_lists_its_shards_its_index_and_its_side_files()
    {
        Manifest manifest = Manifest.Read(_path);
        string[] there = [.. Directory.GetFiles(_path).Select(file => Path.GetFileName(file)).Where(name => name != Manifest.FileName)];
        Assert.That(manifest.Files!.Select(file => file.Path), Is.EquivalentTo(there));
        foreach (ManifestFile file in manifest.Files!)
        {
            Assert.That(file.Bytes, Is.EqualTo(new FileInfo(Path.Combine(_path, file.Path)).Length));
            Assert.That(file.HeaderBytes is not null, Is.EqualTo(file.Path.EndsWith(".safetensors", StringComparison.Ordinal)));
        }

        VerifyReport report = Verify();
        Assert.That(report.IsIntact);
        Assert.That(report.Files!.Count, Is.EqualTo(there.Length));
        Assert.That(report.Files!.Notes, Is.Empty);
    }

    [Test]
    public void An_edited_configuration_is_damage()
    {
        File.AppendAllText(Path.Combine(_path, "config.json"), " ");
        VerifyReport report = Verify();
        Assert.That(report.IsIntact, Is.False);
        Assert.That(report.Files!.Differing, Is.EqualTo(["config.json"]));
        Assert.That(report.Differing, Is.Empty);
        Assert.That(report.ThrowUnlessIntact, Throws.InstanceOf<DemException>().With.Message.Contains("of the files 1 differs: \"config.json\""));
    }

    [Test]
    public void A_changed_byte_of_a_file_is_damage_though_its_length_is_the_same()
    {
        string config = Path.Combine(_path, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("llama", "lLama", StringComparison.Ordinal));
        Assert.That(Verify().Files!.Differing, Is.EqualTo(["config.json"]));
    }

    [Test]
    public void A_shard_that_is_missing_or_cut_is_damage_though_the_model_cannot_be_opened()
    {
        string shard = Manifest.Read(_path).Files!.First(file => file.HeaderBytes is not null).Path;
        File.WriteAllBytes(Path.Combine(_path, shard), new byte[100]);
        Assert.That(Verify().Files!.Differing, Is.EqualTo([shard]));
        File.Delete(Path.Combine(_path, shard));
        VerifyReport report = Verify();
        Assert.That(report.Files!.Missing, Is.EqualTo([shard]));
        Assert.That(report.Tensors, Is.Zero);
        Assert.That(Verification.RunPart(_path, 0, 2, new RunOptions()).IsIntact, Is.False);
    }

    [Test]
    public void An_index_that_cannot_be_read_is_damage()
    {
        File.AppendAllText(Path.Combine(_path, "model.safetensors.index.json"), "x");
        Assert.That(Verify().Files!.Differing, Is.EqualTo(["model.safetensors.index.json"]));
    }

    [Test]
    public void A_deleted_configuration_is_damage()
    {
        File.Delete(Path.Combine(_path, "config.json"));
        VerifyReport report = Verify();
        Assert.That(report.IsIntact, Is.False);
        Assert.That(report.Files!.Missing, Is.EqualTo(["config.json"]));
    }

    [Test]
    public void Files_that_a_loader_could_take_for_the_model_s_do_not_belong([Values("model2.safetensors", "pytorch_model.bin", "tokenizer.json", "modeling.py", "a/b.safetensors")] string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_path, name))!);
        File.WriteAllText(Path.Combine(_path, name), "x");
        VerifyReport report = Verify();
        Assert.That(report.IsIntact, Is.False);
        Assert.That(report.Files!.Extra, Is.EqualTo([name]));
    }

    [Test]
    public void Other_files_are_noted_and_hidden_ones_passed_over()
    {
        File.WriteAllText(Path.Combine(_path, "results.csv"), "x");
        File.WriteAllText(Path.Combine(_path, ".gitattributes"), "x");
        Directory.CreateDirectory(Path.Combine(_path, ".cache"));
        File.WriteAllText(Path.Combine(_path, ".cache", "model.safetensors"), "x");
        VerifyReport report = Verify();
        Assert.That(report.IsIntact);
        Assert.That(report.Files!.Notes, Is.EqualTo(["results.csv is not of this model"]));
    }

    [Test]
    public void A_changed_header_is_damage_though_the_tensors_are_the_same()
    {
        string shard = Directory.GetFiles(_path, "*.safetensors").Order(StringComparer.Ordinal).First();
        byte[] bytes = File.ReadAllBytes(shard);
        int at = bytes.AsSpan().IndexOf("\"pt\""u8);
        "\"tf\""u8.CopyTo(bytes.AsSpan(at));
        File.WriteAllBytes(shard, bytes);
        VerifyReport report = Verify();
        Assert.That(report.Differing, Is.Empty);
        Assert.That(report.Files!.Differing, Is.EqualTo([Path.GetFileName(shard)]));
    }

    [Test]
    public void A_manifest_without_files_still_verifies()
    {
        string path = Path.Combine(_path, Manifest.FileName);
        File.WriteAllBytes(path, (Manifest.Read(_path) with { Files = null }).ToJson());
        Assert.That(File.ReadAllText(path), Does.Not.Contain("\"files\""));
        File.Delete(Path.Combine(_path, "config.json"));
        VerifyReport report = Verify();
        Assert.That(report.IsIntact);
        Assert.That(report.Files, Is.Null);
    }

    [TestCase("../config.json")]
    [TestCase("/etc/passwd")]
    [TestCase("")]
    public void A_manifest_that_leads_out_of_its_folder_is_none(string path)
    {
        Manifest manifest = Manifest.Read(_path);
        File.WriteAllBytes(
            Path.Combine(_path, Manifest.FileName), (manifest with { Files = [new ManifestFile(path, 1, "0")] }).ToJson());
        Assert.That(Verify, Throws.InstanceOf<DemException>().With.Property("Code").SameAs(ErrorCode.BadManifest));
    }

    [Test]
    public void The_origin_of_an_output_is_read_without_its_tensors()
    {
        Manifest whole = Manifest.Read(_path);
        Manifest origin = Manifest.ReadOrigin(_path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((origin.Engine, origin.Operation, origin.Recipe), Is.EqualTo((whole.Engine, whole.Operation, whole.Recipe)));
            Assert.That(origin.Inputs, Is.EqualTo(whole.Inputs));
            Assert.That(origin.Tensors, Is.Empty);
            Assert.That(whole.Tensors, Is.Not.Empty);
        }
    }

    private VerifyReport Verify() => Verification.Run(_path, new RunOptions());
}
