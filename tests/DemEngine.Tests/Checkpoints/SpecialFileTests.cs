using System.Diagnostics;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Folders;
using DemEngine.Numerics;

namespace DemEngine.Tests.Checkpoints;

/// <summary>A pipe in place of a file: to open it would wait for a writer that never comes.</summary>
[Platform("Linux")]
public sealed class SpecialFileTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public void A_shard_that_is_a_pipe_is_named([Values] IoMode io)
    {
        using var folder = new TempFolder();
        MakePipe(folder.PathOf("model.safetensors"));
        AssertNamed(ErrorCode.UnreadableFile, "model.safetensors", () => Checkpoint.Open(folder.Path, io).Dispose());
        AssertNamed(ErrorCode.UnreadableFile, "model.safetensors", () => Checkpoint.Open(folder.PathOf("model.safetensors"), io).Dispose());
    }

    [Test]
    public void One_of_several_shards_that_is_a_pipe_is_named()
    {
        using var folder = new TempFolder();
        (TensorSpec, byte[])[] tensors = [TestCheckpoint.Tensor("a", ElementType.F32, [4]), TestCheckpoint.Tensor("b", ElementType.F32, [4])];
        ShardLayout layout = TestCheckpoint.Write(folder.PathOf("m"), tensors, maxShardBytes: 16);
        string second = Path.Combine(folder.PathOf("m"), layout.Shards[1].FileName);
        File.Delete(second);
        MakePipe(second);
        AssertNamed(ErrorCode.UnreadableFile, layout.Shards[1].FileName, () => Checkpoint.Open(folder.PathOf("m")).Dispose());
    }

    [Test]
    public void A_link_to_a_pipe_or_a_device_is_named()
    {
        using var folder = new TempFolder();
        MakePipe(folder.PathOf("pipe"));
        File.CreateSymbolicLink(folder.PathOf("model.safetensors"), folder.PathOf("pipe"));
        AssertNamed(ErrorCode.UnreadableFile, "model.safetensors", () => Checkpoint.Open(folder.Path).Dispose());
        File.Delete(folder.PathOf("model.safetensors"));
        File.CreateSymbolicLink(folder.PathOf("model.safetensors"), "/dev/zero");
        AssertNamed(ErrorCode.UnreadableFile, "model.safetensors", () => Checkpoint.Open(folder.Path).Dispose());
    }

    [Test]
    public void An_index_that_is_a_pipe_is_named()
    {
        using var folder = new TempFolder();
        MakePipe(folder.PathOf(Checkpoint.IndexFileName));
        AssertNamed(ErrorCode.UnreadableFile, Checkpoint.IndexFileName, () => Checkpoint.Open(folder.Path).Dispose());
    }

    [Test]
    public void A_side_file_that_is_a_pipe_is_named()
    {
        using var folder = new TempFolder();
        MakePipe(folder.PathOf("config.json"));
        AssertNamed(ErrorCode.BadSideFile, "config.json", () => SideFiles.Read(folder.Path));
    }

    [Test]
    public void A_manifest_that_is_a_pipe_is_named()
    {
        using var folder = new TempFolder();
        MakePipe(folder.PathOf(Manifest.FileName));
        AssertNamed(ErrorCode.BadManifest, Manifest.FileName, () => Manifest.Read(folder.Path));
    }

    private static void AssertNamed(ErrorCode code, string file, Action act)
    {
        // In a thread of its own, so that a failure is one and no endless wait.
        DemException? error = null;
        var thread = new Thread(() =>
        {
            try
            {
                act();
            }
            catch (DemException e)
            {
                error = e;
            }
        });
        thread.IsBackground = true;
        thread.Start();
        Assert.That(thread.Join(Patience), "it waits for the pipe");
        Assert.That(error, Is.Not.Null);
        Assert.That(error!.Code, Is.SameAs(code), error.Message);
        Assert.That(error.Message, Does.Contain(file).And.Contain("this is a pipe, a socket or a device"));
        Assert.That(error.Remedy, Does.Not.Contain("permissions"));
    }

    private static void MakePipe(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
    }
}
