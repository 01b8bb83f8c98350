using DemEngine.Files;
using DemEngine.Merging.Options;
using DemEngine.Merging.Output;
using Microsoft.Win32.SafeHandles;

namespace DemEngine.Tests.Merging;

/// <summary>While an output gets its name, no other run takes over the staging directory or the output that it replaces.</summary>
[Platform(Include = "Linux")]
public sealed class HeldParentTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);

    private DirectoryInfo _parent = null!;

    [SetUp]
    public void MakeParent() => _parent = Directory.CreateTempSubdirectory("held-");

    [TearDown]
    public void DeleteParent() => _parent.Delete(recursive: true);

    [Test]
    public void A_run_begins_after_another_one_has_published()
    {
        Task begun;
        using (SafeFileHandle? held = LinuxFile.HoldFolder(_parent.FullName))
        {
            Assert.That(held, Is.Not.Null);
            begun = Task.Run(() => StagingDirectory.Open(Output, new RunOptions()).Dispose());
            Assert.That(begun.Wait(Moment), Is.False, "it has begun while names change");
            Assert.That(Directory.Exists(StagingDirectory.PathFor(Output)), Is.False);
        }

        Assert.That(begun.Wait(Patience));
        Assert.That(Directory.Exists(StagingDirectory.PathFor(Output)));
    }

    [Test]
    public void An_output_gets_its_name_after_another_run_has_begun_or_been_refused()
    {
        using StagingDirectory staging = StagingDirectory.Open(Output, new RunOptions());
        File.WriteAllText(Path.Combine(staging.Path, "model"), "whole");
        Task published;
        using (LinuxFile.HoldFolder(_parent.FullName))
        {
            published = Task.Run(() => staging.Publish(["model"]));
            Assert.That(published.Wait(Moment), Is.False, "it is published while another run begins");
            Assert.That(
                () => StagingDirectory.Check(Output, [], new RunOptions()),
                Throws.TypeOf<DemException>().With.Property(nameof(DemException.Code)).SameAs(ErrorCode.OutputBusy));
        }

        Assert.That(published.Wait(Patience));
        Assert.That(Directory.GetFileSystemEntries(Output).Select(Path.GetFileName), Is.EqualTo(new[] { "model" }));
        Assert.That(_parent.GetFileSystemInfos(), Has.Length.EqualTo(1), "nothing is left beside the output");
    }

    private string Output => Path.Combine(_parent.FullName, "out");
}
