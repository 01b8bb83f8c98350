using System.Text.Json;
using DemEngine.Cli.Checks;
using DemEngine.Numerics.Simd;

namespace DemEngine.Cli.Tests;

/// <summary><c>dem doctor</c>, and what <c>dem --version</c> says of the build.</summary>
public class DoctorCommandTests
{
    [Test]
    public void It_tells_of_the_machine_and_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        JsonElement found = Dem.Run("doctor", "--dir", folder.Path, "--json").Expect(0).Json;
        var bySubject = found.GetProperty("findings").EnumerateArray().ToDictionary(one => one.GetProperty("subject").GetString()!);
        Assert.That(bySubject.Keys, Is.SupersetOf(new[] { "processor", "memory", "open files", "disk", "writing", "--io mmap", "--io pread", "--io direct", "C++ runtime", "libtorch" }));
        Assert.That(bySubject.Values.Select(one => one.GetProperty("state").GetString()), Is.All.AnyOf("ok", "none", "warn"));
        Assert.That(bySubject["--io pread"].GetProperty("found").GetString(), Does.Match(@"\d B/s|\d [KMG]B/s"));
        Assert.That(bySubject["disk"].GetProperty("found").GetString(), Does.Contain(folder.Path));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void A_folder_that_is_not_there_is_a_failure_with_a_remedy()
    {
        using var folder = new TempFolder();
        CommandResult result = Dem.Run("doctor", "--dir", folder.PathOf("nowhere")).Expect(1);
        Assert.That(result.Output, Does.Match(@"(disk|writing)\s+fail").And.Contain("--dir").And.Contain("there is no such folder"));
    }

    [TestCase(VectorWidth.Bits256, "avx2 avx512f avx512bw avx512cd avx512dq avx512vl", true, "ok", "x86-64-v4")]
    [TestCase(VectorWidth.Bits512, "avx2 avx512f avx512bw avx512cd avx512dq avx512vl", true, "ok", null)]
    [TestCase(VectorWidth.Bits256, "avx2 avx512f avx512bw avx512cd avx512dq avx512vl", false, "ok", null)]
    [TestCase(VectorWidth.Bits256, "avx2 avx512f", true, "ok", null)]
    [TestCase(VectorWidth.Bits128, "sse4_2 avx2", true, "warn", "for x64")]
    [TestCase(VectorWidth.Bits128, "sse4_2 avx2", false, "warn", "virtual machine")]
    [TestCase(VectorWidth.Bits128, "", true, "warn", "virtual machine")]
    public void It_says_whether_another_build_would_use_more_of_the_processor(
        VectorWidth used, string flags, bool isAheadOfTime, string state, string? remedy)
    {
        Finding finding = ProcessorFinding.Of("this one", used, flags.Split(' '), isAheadOfTime);
        Assert.That(finding.Health.ToString().ToLowerInvariant(), Is.EqualTo(state));
        Assert.That(finding.Remedy, remedy is null ? Is.Null : Does.Contain(remedy));
    }

    [Test]
    public void The_version_tells_the_commit_that_the_build_is_of()
    {
        Assert.That(Dem.Run("--version").Expect(0).Output, Does.Match(@"^DemEngine [^\n]+\n(  commit [0-9a-f]{40}\n)?"));
        Assert.That(Dem.Run("--version", "--json").Expect(0).Json.TryGetProperty("commit", out _));
        if (Directory.Exists(Path.Combine(AppContext.BaseDirectory, "../../../../../.git")))
            Assert.That(Dem.Run("--version").Output, Does.Contain("\n  commit "));
    }
}
