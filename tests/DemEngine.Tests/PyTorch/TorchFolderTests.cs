using DemEngine.Analysis;
using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Tests.PyTorch;

/// <summary>Which files of a folder are read where PyTorch's and others lie in it.</summary>
public sealed class TorchFolderTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("pytorch_model.bin")]
    [TestCase("diffusion_pytorch_model.bin")]
    [TestCase("pytorch_model-00001-of-00001.bin")]
    public void A_folder_of_one_file_is_read(string name)
    {
        Torch(name, "a");
        Assert.That(Names(_folder.Path), Is.EqualTo(new[] { "a" }));
    }

    [TestCase("pytorch_model")]
    [TestCase("diffusion_pytorch_model")]
    public void Shards_are_read_by_their_index_and_without_it(string stem)
    {
        Torch($"{stem}-00001-of-00002.bin", "a");
        Torch($"{stem}-00002-of-00002.bin", "b");
        Torch("training_args.bin", "x");
        Assert.That(Names(_folder.Path), Is.EqualTo(new[] { "a", "b" }));

        _folder.Write($"{stem}.bin.index.json", $$$"""{"weight_map":{"a":"{{{stem}}}-00001-of-00002.bin","b":"{{{stem}}}-00002-of-00002.bin"}}""");
        Assert.That(Names(_folder.Path), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(Names(_folder.PathOf($"{stem}.bin.index.json")), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void A_shard_that_is_not_there_is_named([Values] bool indexed)
    {
        Torch("pytorch_model-00001-of-00002.bin", "a");
        if (indexed)
            _folder.Write("pytorch_model.bin.index.json", """{"weight_map":{"a":"pytorch_model-00001-of-00002.bin","b":"pytorch_model-00002-of-00002.bin"}}""");
        DemException error = Assert.Throws<DemException>(() => Names(_folder.Path))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.MissingShard));
        Assert.That(error.Message, Does.Contain("\"pytorch_model-00002-of-00002.bin\""));
    }

    [Test]
    public void An_index_that_its_shards_contradict_is_refused()
    {
        Torch("pytorch_model-00001-of-00001.bin", "a");
        _folder.Write("pytorch_model.bin.index.json", """{"weight_map":{"b":"pytorch_model-00001-of-00001.bin"}}""");
        Assert.That(Assert.Throws<DemException>(() => Names(_folder.Path))!.Code, Is.EqualTo(ErrorCode.BadIndex));
    }

    [Test]
    public void A_file_and_an_index_of_others_are_refused()
    {
        Torch("pytorch_model.bin", "a");
        Torch("pytorch_model-00001-of-00001.bin", "a");
        _folder.Write("pytorch_model.bin.index.json", """{"weight_map":{"a":"pytorch_model-00001-of-00001.bin"}}""");
        DemException error = Assert.Throws<DemException>(() => Names(_folder.Path))!;
        Assert.That(error.Code, Is.EqualTo(ErrorCode.AmbiguousCheckpoint));
        Assert.That(error.Message, Does.Contain("pytorch_model.bin and pytorch_model.bin.index.json"));
    }

    [TestCase("model.safetensors")]
    [TestCase("diffusion_pytorch_model.safetensors")]
    [TestCase("model-00001-of-00001.safetensors")]
    public void Safetensors_are_read_before_files_of_PyTorch_and_a_note_says_so(string name)
    {
        Torch("pytorch_model.bin", "pickled");
        TestCheckpoint.Write(_folder.PathOf("st"), [TestCheckpoint.Tensor("plain", ElementType.F32, [2])]);
        File.Move(_folder.PathOf("st/model.safetensors"), _folder.PathOf(name));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(checkpoint.Tensors.Single().Spec.Name, Is.EqualTo("plain"));
        Assert.That(CheckpointSummary.Of(checkpoint).Remarks.Single(), Does.Contain("\"pytorch_model.bin\" beside them is not"));
    }

    [Test]
    public void A_safetensors_file_of_another_name_leaves_the_choice_to_the_user()
    {
        Torch("pytorch_model.bin", "pickled");
        _folder.Write("consolidated.safetensors", "x");
        Assert.That(Assert.Throws<DemException>(() => Names(_folder.Path))!.Remedy, Does.Contain("Give the file itself"));
        Assert.That(Names(_folder.PathOf("pytorch_model.bin")), Is.EqualTo(new[] { "pickled" }));
    }

    [Test]
    public void Diffusers_shards_are_read_by_their_index()
    {
        TestCheckpoint.Write(_folder.PathOf("st"), [TestCheckpoint.Tensor("plain", ElementType.F32, [2])]);
        File.Move(_folder.PathOf("st/model.safetensors"), _folder.PathOf("diffusion_pytorch_model-00001-of-00001.safetensors"));
        _folder.Write("diffusion_pytorch_model.safetensors.index.json", """{"weight_map":{"plain":"diffusion_pytorch_model-00001-of-00001.safetensors"}}""");
        Assert.That(Names(_folder.Path), Is.EqualTo(new[] { "plain" }));
    }

    [Test]
    public void Files_of_PyTorch_are_read_before_a_quantised_file_of_llama_cpp()
    {
        Torch("pytorch_model.bin", "a");
        _folder.Write("model-Q4_K_M.gguf", "GGUF");
        Assert.That(Names(_folder.Path), Is.EqualTo(new[] { "a" }));
    }

    [TestCase("other.pt", false)]
    [TestCase("other.safetensors", false)]
    [TestCase("optimizer.pt", true)]
    [TestCase("training_args.bin", true)]
    [TestCase("notes.txt", true)]
    public void Files_beside_one_that_was_named_are_its_own_unless_other_models_lie_there(string beside, bool areOwn)
    {
        Torch("mine.pt", "a");
        _folder.Write(beside, "x");
        _folder.Write("config.json", "{}");
        using Checkpoint checkpoint = Checkpoint.Open(_folder.PathOf("mine.pt"));
        Assert.That(checkpoint.ReadSideFiles().Files.ContainsKey("config.json"), Is.EqualTo(areOwn));
    }

    private static string[] Names(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return [.. checkpoint.Tensors.Select(tensor => tensor.Spec.Name)];
    }

    private void Torch(string file, string tensor) => _folder.Write(
        file,
        ZipText.Write(ZipText.Torch(PickleText.StateDict(HostileTorchFiles.Right with { Name = tensor }), ("0", HostileTorchFiles.Contents))));
}
