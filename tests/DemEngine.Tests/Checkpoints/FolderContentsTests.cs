using DemEngine.Checkpoints;
using DemEngine.Files;
using static DemEngine.Tests.SafetensorsText;

namespace DemEngine.Tests.Checkpoints;

/// <summary>What is said of a folder or file that is no checkpoint as it stands.</summary>
public sealed class FolderContentsTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("adapter_config.json", "adapter", "MODEL+ADAPTER")]
    [TestCase("adapter_model.bin", "adapter", "MODEL+ADAPTER")]
    [TestCase("pytorch_model.bin", "begins neither as one nor as safetensors", "compare its size")]
    [TestCase("consolidated.00.pth", "\"consolidated.00.pth\" of PyTorch", "Give the file itself")]
    [TestCase("model.ckpt", "\"model.ckpt\" of PyTorch", "Give the file itself")]
    [TestCase("model_index.json", "root of a diffusers pipeline", "Here one model is wanted")]
    [TestCase("consolidated.safetensors", "\"consolidated.safetensors\"", "Give the file itself")]
    [TestCase("model.fp16.safetensors", "\"model.fp16.safetensors\"", "Give the file itself")]
    [TestCase("diffusion_pytorch_model.fp16.safetensors", "\"diffusion_pytorch_model.fp16.safetensors\"", "Give the file itself")]
    [TestCase("tf_model.h5", "\"tf_model.h5\"", "from_tf=True")]
    [TestCase("flax_model.msgpack", "\"flax_model.msgpack\"", "from_flax=True")]
    [TestCase("model.ckpt.index", "\"model.ckpt.index\"", "from_tf=True")]
    [TestCase("model.onnx", "\"model.onnx\"", "exported from")]
    public void A_folder_without_a_checkpoint_says_what_is_there(string file, string said, string advised)
    {
        _folder.Write(file, "{}");
        DemException error = Refusal(_folder.Path);
        Assert.That(error.Message, Does.Contain(said));
        Assert.That(error.Remedy, Does.Contain(advised));
    }

    [Test]
    public void Several_other_safetensors_files_are_named()
    {
        Write("sdxl-a.safetensors");
        Write("sdxl-b.safetensors");
        Assert.That(Refusal(_folder.Path).Message, Does.Contain("sdxl-a.safetensors").And.Contain("sdxl-b.safetensors"));
    }

    [Test]
    public void Models_in_folders_below_are_named()
    {
        Directory.CreateDirectory(_folder.PathOf("checkpoint-500"));
        Write("checkpoint-500/model.safetensors");
        DemException error = Refusal(_folder.Path);
        Assert.That(error.Message, Does.Contain("checkpoint-500"));
        Assert.That(error.Remedy, Does.Contain(_folder.PathOf("checkpoint-500")));
    }

    [Test]
    public void Shards_without_an_index_are_read_by_their_names()
    {
        Write("model-00002-of-00002.safetensors", "b");
        Write("model-00001-of-00002.safetensors", "a");
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(checkpoint.Tensors.Select(tensor => tensor.Spec.Name), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void A_shard_that_is_not_there_is_named_without_an_index()
    {
        Write("model-00001-of-00003.safetensors", "a");
        Write("model-00003-of-00003.safetensors", "c");
        DemException error = Refusal(_folder.Path);
        Assert.That(error.Code, Is.SameAs(ErrorCode.MissingShard));
        Assert.That(error.Message, Does.Contain("model-00002-of-00003.safetensors").And.Not.Contain("00001-of"));
    }

    [Test]
    public void A_stale_index_beside_whole_shards_or_a_whole_model_says_so([Values] bool single)
    {
        _folder.Write(Checkpoint.IndexFileName, """{"weight_map":{"a":"model-00001-of-00003.safetensors"}}""");
        Write(single ? "model.safetensors" : "model-00001-of-00001.safetensors", "a");
        DemException error = Refusal(_folder.Path);
        Assert.That(error.Code, Is.SameAs(ErrorCode.MissingShard));
        Assert.That(error.Message, Does.Contain(single ? "but model.safetensors is" : "model-00001-of-00001.safetensors"));
        Assert.That(error.Remedy, Does.Contain("index").And.Contain("remove"));
    }

    [Test]
    public void An_index_that_its_shards_contradict_can_be_removed([Values] bool tooMany)
    {
        Write("model-00001-of-00001.safetensors", "a");
        string more = tooMany ? ""","b":"model-00001-of-00001.safetensors" """ : "";
        string first = tooMany ? "\"a\"" : "\"z\"";
        _folder.Write(Checkpoint.IndexFileName, $$$"""{"weight_map":{{{{first}}}:"model-00001-of-00001.safetensors"{{{more}}}}}""");
        Assert.That(Refusal(_folder.Path).Remedy, Does.Contain("remove the index"));
        File.Delete(_folder.PathOf(Checkpoint.IndexFileName));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(checkpoint.Tensors.Single().Spec.Name, Is.EqualTo("a"));
    }

    private static readonly object[] Files =
    [
        new object[] { "ggml\u0003\0\0\0\u0001\0\0\0\0\0\0\0"u8.ToArray(), "before GGUF" },
        new object[] { new byte[] { 0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e }, "before PyTorch 1.6" },
        new object[] { new byte[] { 0x80, 4, 0x95, 0x0a, 0, 0, 0, 0, 0, 0 }, "a Python pickle by itself" },
        new object[] { (byte[])[.. "pickle"u8, .. new byte[251], .. "ustar\0"u8, .. new byte[249]], "tar archive" },
        new object[] { "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"u8.ToArray(), "Git LFS pointer" },
        new object[] { "<!DOCTYPE html><html><body>Access denied"u8.ToArray(), "web page" },
        new object[] { "\n <html><body>404"u8.ToArray(), "web page" },
        new object[] { new byte[4096], "all zero" },
        new object[] { "{\"hidden_size\": 64}\n"u8.ToArray(), "this is text, and no file of weights" },
    ];

    [TestCaseSource(nameof(Files))]
    public void A_file_of_another_format_is_told_by_its_first_bytes(byte[] contents, string said)
    {
        DemException error = Refusal(_folder.Write("x.safetensors", contents));
        Assert.That(error.Message, Does.Contain(said));
        Assert.That(error.Remedy, Is.Not.EqualTo(error.Code.Remedy));
    }

    [Test]
    public void An_index_that_is_a_pointer_is_called_that()
    {
        _folder.Write("model.safetensors.index.json", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"u8.ToArray());
        DemException error = Refusal(_folder.Path);
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadIndex));
        Assert.That(error.Message, Does.EndWith("index.json: this is a Git LFS pointer, not the file itself"));
        Assert.That(error.Remedy, Does.Contain("git lfs pull"));
    }

    [Test]
    public void A_download_that_did_not_end_is_told_by_its_folder_in_the_hub_cache()
    {
        string snapshot = _folder.PathOf("hub/models--org--name/snapshots/0123");
        Directory.CreateDirectory(snapshot);
        DemException error = Refusal(snapshot);
        Assert.That(error.Message, Does.StartWith(snapshot).And.Contain("no weights of org/name"));
        Assert.That(error.Remedy, Does.StartWith("Run `hf download org/name`"));
    }

    [Test]
    public void A_damaged_file_of_llama_cpp_is_called_that()
    {
        DemException error = Refusal(_folder.Write("x.gguf", "no model"u8.ToArray()));
        Assert.That(error.Code, Is.EqualTo(ErrorCode.BadGguf));
        Assert.That(error.Message, Does.StartWith(_folder.PathOf("x.gguf")).And.Contain("llama.cpp"));
    }

    [Test]
    public void A_header_whose_length_looks_like_a_pickle_is_read()
    {
        string header = Header(Tensor("a", "U8", "[1]", 0, 1));
        _folder.Write("model.safetensors", Build(header.PadRight(0x280), 1));
        using Checkpoint checkpoint = Checkpoint.Open(_folder.Path);
        Assert.That(checkpoint.Tensors.Single().Spec.Name, Is.EqualTo("a"));
    }

    [Test]
    [NonParallelizable]
    public void A_model_of_the_local_hub_cache_is_found_by_its_id()
    {
        const string Commit = "0123456789abcdef0123456789abcdef01234567";
        string repository = _folder.PathOf("hub/models--org--name");
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        Directory.CreateDirectory(Path.Combine(repository, "snapshots", Commit));
        File.WriteAllText(Path.Combine(repository, "refs", "main"), Commit);
        Write($"hub/models--org--name/snapshots/{Commit}/model.safetensors");
        string? before = Environment.GetEnvironmentVariable("HF_HUB_CACHE");
        try
        {
            Environment.SetEnvironmentVariable("HF_HUB_CACHE", _folder.PathOf("hub"));
            foreach (string id in new[] { "org/name", "org/name@main", $"org/name@{Commit}", repository })
            {
                using Checkpoint checkpoint = Checkpoint.Open(id);
                Assert.That(Path.GetFileName(checkpoint.Folder), Is.EqualTo(Commit), id);
            }

            Assert.That(Refusal("org/other").Message, Does.Contain("local Hugging Face cache does not have it"));
            Assert.That(HubCache.Find("org/name@v2"), Is.Null);
            Assert.That(HubCache.Find("../org--name"), Is.Null);
            Assert.That(HubCache.Find("org/name@../../x"), Is.Null);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_HUB_CACHE", before);
        }
    }

    private static DemException Refusal(string path) => Assert.Throws<DemException>(() => Checkpoint.Open(path).Dispose())!;

    private void Write(string file, string tensor = "a") =>
        _folder.Write(file, Build(Header(Tensor(tensor, "U8", "[1]", 0, 1)), 1));
}
