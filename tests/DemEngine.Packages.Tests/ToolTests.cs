namespace DemEngine.Packages.Tests;

/// <summary>The tool, installed from its package, which comes without libtorch.</summary>
public class ToolTests
{
    private static readonly string[] Train = ["train", "--base", "models/base", "--data", "data.jsonl", "--valid", "valid.jsonl", "--out", "tuned-by-tool", "--steps", "2", "--threads", "1"];

    [Test]
    public void It_has_the_packages_version() => Assert.That(PackagedBuild.Dem(0, "--version"), Does.StartWith($"DemEngine {PackagedBuild.Version}\n"));

    [Test]
    public void The_demo_runs() => Assert.That(PackagedBuild.Dem(0, "demo", "--dir", "demo"), Does.Contain("report"));

    [Test]
    public void Without_libtorch_training_says_how_to_get_it_and_then_works()
    {
        string output = PackagedBuild.Dem(2, Train);
        Assert.That(output, Does.Contain("error DEM1023: libtorch").And.Contain("dem setup torch"));
        Assert.That(output, Does.Not.Contain("TorchSharp-cpu"), "TorchSharp's own words mislead");
        Assert.That(PackagedBuild.Dem(0, "devices"), Does.Contain("cannot be used: libtorch").And.Contain("dem setup torch"));
        Assert.That(PackagedBuild.Dem(0, "--version"), Does.Contain("dem setup torch"));

        string source = DotNet.UserPackages;
        if (!Directory.Exists(Path.Combine(source, "libtorch-cpu-linux-x64", DotNet.Metadata("LibtorchVersion"))))
            Assert.Ignore("this build was made without the libtorch of Linux");
        Assert.That(PackagedBuild.Dem(0, "setup", "torch", "--source", source), Does.Contain("libtorch").And.Not.Contain("could not be checked"));
        Assert.That(PackagedBuild.Dem(0, Train), Does.Contain("2 steps"));
    }
}
