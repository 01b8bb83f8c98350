using DemEngine.Files;

namespace DemEngine.Tests.Merging;

public class ClaimedFolderTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void Make() => _folder = new TempFolder();

    [TearDown]
    public void Delete() => _folder.Dispose();

    [Test]
    public void A_folder_is_made_and_found_again()
    {
        string path = _folder.PathOf("a/b");
        using (ClaimedFolder claimed = ClaimedFolder.Claim(path, ".mark", "a long text"))
            _folder.Write("a/b/file", "contents");
        using ClaimedFolder again = ClaimedFolder.Claim(path, ".mark", "ours");
        Assert.That(again.Path, Is.EqualTo(path));
        Assert.That(Directory.GetFiles(path).Select(Path.GetFileName), Is.EquivalentTo([".mark", "file"]));
        again.Dispose();
        Assert.That(File.ReadAllText(Path.Combine(path, ".mark")), Is.EqualTo("ours"));
    }

    [Test]
    public void What_is_anothers_is_refused()
    {
        Directory.CreateDirectory(_folder.PathOf("theirs"));
        _folder.Write("theirs/file", "precious");
        foreach (string path in new[] { "theirs", "theirs/file" })
            Assert.That(() => ClaimedFolder.Claim(_folder.PathOf(path), ".mark", ""), Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.OutputNotOurs));
        Assert.That(Directory.GetFiles(_folder.PathOf("theirs")), Has.Length.EqualTo(1));
    }

    [Test]
    public void Two_do_not_work_in_one_folder()
    {
        using ClaimedFolder claimed = ClaimedFolder.Claim(_folder.PathOf("a"), ".mark", "");
        Assert.That(() => ClaimedFolder.Claim(_folder.PathOf("a"), ".mark", ""), Throws.InstanceOf<DemException>().With.Property("Code").EqualTo(ErrorCode.OutputBusy));
    }
}
