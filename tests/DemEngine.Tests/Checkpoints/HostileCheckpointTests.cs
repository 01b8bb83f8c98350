using DemEngine.Checkpoints;

namespace DemEngine.Tests.Checkpoints;

public sealed class HostileCheckpointTests
{
    private const int LongestMessage = 1500;

    private static IEnumerable<HostileCase> CasesOfOneFile => Cases.Where(hostile => hostile.Expected != ErrorCode.AmbiguousCheckpoint);

    private static IEnumerable<HostileCase> Cases => [.. HostileHeaders.All, .. HostileFolders.All];

    [TestCaseSource(nameof(Cases))]
    public void It_is_refused_with_its_own_code(HostileCase hostile)
    {
        using var folder = new TempFolder();
        hostile.Make(folder.Path);
        foreach (IoMode io in Enum.GetValues<IoMode>())
        {
            DemException error = Refusal(folder.Path, io);
            Assert.Multiple(() =>
            {
                Assert.That(error.Code, Is.EqualTo(hostile.Expected), error.Message);
                Assert.That(error.Message, Does.StartWith(folder.Path), "names the file");
                foreach (string part in hostile.Says)
                    Assert.That(error.Message, Does.Contain(part));
                Assert.That(error.Message.Any(char.IsControl), Is.False, "a terminal would obey it");
                Assert.That(error.Message, Has.Length.LessThan(LongestMessage));
            });
        }
    }

    [TestCaseSource(nameof(CasesOfOneFile))]
    public void It_is_refused_alike_by_the_path_of_its_file(HostileCase hostile)
    {
        using var folder = new TempFolder();
        hostile.Make(folder.Path);
        string index = folder.PathOf(Checkpoint.IndexFileName);
        string file = File.Exists(index) ? index : folder.PathOf(Checkpoint.SingleFileName);
        Assert.That(Refusal(file, IoMode.Mmap).Code, Is.EqualTo(hostile.Expected));
    }

    [TestCase("")]
    [TestCase("no such thing")]
    [TestCase("no\0such thing")]
    [TestCase("model.safetensors/x")]
    public void A_path_to_nothing_is_refused(string name)
    {
        using var folder = new TempFolder();
        folder.Write(Checkpoint.SingleFileName, SafetensorsText.Build("{}"));
        string path = name.Length == 0 ? "" : folder.PathOf(name);

        Assert.That(Refusal(path, IoMode.Mmap).Code, Is.EqualTo(ErrorCode.CheckpointNotFound));
    }

    [Test]
    public void A_file_that_may_not_be_read_is_refused([Values] IoMode io, [Values(Checkpoint.SingleFileName, Checkpoint.IndexFileName)] string name)
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("root may read everything");
            return;
        }

        using var folder = new TempFolder();
        File.SetUnixFileMode(folder.Write(name, SafetensorsText.Build("{}")), UnixFileMode.None);

        DemException error = Refusal(folder.Path, io);
        Assert.That(error.Code, Is.EqualTo(ErrorCode.UnreadableFile));
        Assert.That(error.Message, Does.Contain(name));
    }

    [Test]
    public void A_link_to_an_endless_device_is_refused([Values(Checkpoint.SingleFileName, Checkpoint.IndexFileName)] string name, [Values] IoMode io)
    {
        Assume.That(File.Exists("/dev/zero"));
        using var folder = new TempFolder();
        File.CreateSymbolicLink(folder.PathOf(name), "/dev/zero");

        DemException error = Refusal(folder.Path, io);
        Assert.That(error.Code, Is.EqualTo(ErrorCode.UnreadableFile));
        Assert.That(error.Message, Does.Contain(name));
    }

    [Test]
    public void The_corpus_is_large_and_its_names_differ()
    {
        string[] names = [.. Cases.Select(hostile => hostile.Name)];
        Assert.That(names, Has.Length.GreaterThan(100));
        TestContext.Out.WriteLine($"{names.Length} hostile checkpoints");
    }

    private static DemException Refusal(string path, IoMode io) => Assert.Throws<DemException>(() => Checkpoint.Open(path, io).Dispose())!;
}
