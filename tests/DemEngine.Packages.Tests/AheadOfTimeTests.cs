namespace DemEngine.Packages.Tests;

/// <summary>The program as one file that needs no .NET, compiled ahead of time.</summary>
public class AheadOfTimeTests
{
    [Test]
    public void The_one_file_merges_to_the_tools_bytes_shows_the_demo_and_names_what_it_lacks()
    {
        if (!OperatingSystem.IsLinux() || !(File.Exists("/usr/bin/gcc") || File.Exists("/usr/bin/clang")))
            Assert.Ignore("there is no linker to compile ahead of time with");
        string folder = Path.Combine(PackagedBuild.Folder, "native");
        DotNet.Run(
            DotNet.Repository, "publish", "src/DemEngine.Cli", "-r", "linux-x64", "-p:PublishAot=true", "-p:StripSymbols=false",
            "--artifacts-path", Path.Combine(PackagedBuild.Folder, "artifacts"), "-p:RunAnalyzers=false", "-o", folder, "-nodeReuse:false");

        string alone = Path.Combine(PackagedBuild.WorkFolder, "dem-alone");
        File.Copy(Path.Combine(folder, "dem"), alone);
        string Dem(int exitCode, params string[] args) => DotNet.Start(alone, PackagedBuild.WorkFolder, exitCode, args);

        File.WriteAllText(Path.Combine(PackagedBuild.WorkFolder, "alone.yaml"), """
            merge_method: ties
            base_model: models/base
            models:
              - {model: models/tuned-on-mathematics, parameters: {weight: 0.5, density: 0.4}}
              - {model: models/tuned-on-dialogue, parameters: {weight: 0.3, density: 0.4}}
            """);
        Dem(0, "merge", "alone.yaml", "--out", "merged-alone", "-q");
        PackagedBuild.Dem(0, "merge", "alone.yaml", "--out", "merged-by-tool", "-q");
        Assert.That(Dem(0, "diff", "merged-alone", "merged-by-tool", "--exit-code", "--json"), Does.Contain("\"identical\":true"));
        Assert.That(Dem(0, "verify", "merged-alone"), Does.Contain("as the manifest says"));
        Assert.That(Dem(0, "demo", "--dir", "demo-alone"), Does.Contain("report.html"));
        Assert.That(Dem(0, "--version"), Does.Contain("no GPU backends"));
        foreach (string[] lacking in new string[][] { ["train", "--base", "models/base"], ["merge", "alone.yaml", "--out", "x", "--backend", "cuda"] })
            Assert.That(Dem(2, lacking), Does.Contain("DEM1009").And.Contain("dotnet tool install"));
    }
}
