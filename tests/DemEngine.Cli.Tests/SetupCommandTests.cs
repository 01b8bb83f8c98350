using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DemEngine.Training.Native;

namespace DemEngine.Cli.Tests;

/// <summary><c>dem setup torch</c>, from packages that are made here into a folder that is the user's for the occasion.</summary>
[NeedsTorch, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SetupCommandTests : IDisposable
{
    private static readonly string Platform =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    private readonly TempFolder _folder = new();

    public SetupCommandTests() => Directory.CreateDirectory(_folder.PathOf("source"));

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Parts_are_joined_and_the_packages_taken_apart()
    {
        Cuda(whole: "first second third");
        Package("libtorch-cuda-12.8-other", files: [("runtimes/other/native/stray.so", "x")]);
        JsonElement report = Setup("cuda-12.8", "--json").Expect(0).Json;
        Assert.That(report.GetProperty("packages").GetArrayLength(), Is.EqualTo(5));
        Assert.That(report.GetProperty("unchecked").GetArrayLength(), Is.EqualTo(5), "a folder publishes no hashes");

        string folder = report.GetProperty("folder").GetString()!;
        Assert.That(Directory.GetFileSystemEntries(folder).Select(Path.GetFileName), Is.EquivalentTo([Name("torch_cpu"), Name("torch_cuda"), Name("c10")]));
        Assert.That(File.ReadAllText(Path.Combine(folder, Name("torch_cuda"))), Is.EqualTo("first second third"));
        Assert.That(Directory.GetFileSystemEntries(Path.GetDirectoryName(folder)!), Is.EqualTo([folder]));
    }

    [Test]
    public void What_is_there_is_not_fetched_again_unless_asked()
    {
        Cuda(whole: "first second third");
        string folder = Setup("cuda-12.8", "--json").Expect(0).Json.GetProperty("folder").GetString()!;
        Cuda(whole: "first second third", cpu: "newer");
        Assert.That(Setup("cuda-12.8").Expect(0).Output, Does.Contain("--force"));
        Assert.That(File.ReadAllText(Path.Combine(folder, Name("torch_cpu"))), Is.EqualTo("cpu"));
        Assert.That(Setup("cuda-12.8", "--force").Expect(0).Output, Does.Contain("could not be checked"));
        Assert.That(File.ReadAllText(Path.Combine(folder, Name("torch_cpu"))), Is.EqualTo("newer"));
    }

    [Test]
    public void A_library_that_is_not_what_was_published_is_refused_and_nothing_stays()
    {
        Cuda(whole: "another one");
        Setup("cuda-12.8").ExpectError(ErrorCode.PackageDamaged, $"{Name("torch_cuda")}, joined from its parts");
        Assert.That(Left(), Is.Empty);
    }

    [Test]
    public void A_package_with_another_hash_than_it_was_published_with_is_refused()
    {
        Package($"libtorch-cpu-{Platform}", files: [($"runtimes/{Platform}/native/{Name("torch_cpu")}", "cpu")]);
        Setup("cpu").ExpectError(ErrorCode.PackageDamaged, "SHA-512");
        Assert.That(Left(), Is.Empty);
    }

    [Test]
    public void A_part_that_is_missing_is_named()
    {
        Cuda(whole: "first second third");
        File.Delete(_folder.PathOf($"source/libtorch-cuda-12.8-{Platform}-part2-fragment1.{Libtorch.RequiredVersion}.nupkg"));
        Setup("cuda-12.8").ExpectError(ErrorCode.PackageNotFetched, $"libtorch-cuda-12.8-{Platform}-part2-fragment1 {Libtorch.RequiredVersion}");
        Assert.That(Left(), Is.Empty);
    }

    [Test]
    public void What_a_killed_run_left_is_cleared_away()
    {
        Cuda(whole: "first second third");
        string unfinished = _folder.PathOf($"user/DemEngine/libtorch/{Libtorch.RequiredVersion}-cpu.unfinished");
        Directory.CreateDirectory(unfinished);
        File.WriteAllText(Path.Combine(unfinished, "half"), "");
        Setup("cuda-12.8", "-q").Expect(0);
        Assert.That(Directory.Exists(unfinished), Is.False);
    }

    [Test]
    public void Sources_that_do_not_have_it_are_named()
    {
        Setup("cpu").ExpectError(ErrorCode.PackageNotFetched, $"libtorch-cpu-{Platform}");
        Setup("rocm").ExpectError(ErrorCode.BadArgument, "cpu, cuda-12.8");
    }

    [Test]
    public void A_named_libtorch_must_be_one_and_of_the_right_version()
    {
        var environment = new Dictionary<string, string> { [Libtorch.Variable] = _folder.Path };
        DemProcess.Run(environment, "eval", "--model", "m", "--data", "d").Expect(2);
        Assert.That(DemProcess.Run(environment, "--version").Expect(0).Output, Does.Contain("cannot be used").And.Contain(Libtorch.Variable).And.Contain(_folder.Path));

        Directory.CreateDirectory(_folder.PathOf("lib"));
        File.WriteAllText(_folder.PathOf($"lib/{Name("torch_cpu")}"), "");
        File.WriteAllText(_folder.PathOf("version.py"), "__version__ = '2.4.1+cpu'\n");
        Assert.That(DemProcess.Run(environment, "--version").Expect(0).Output, Does.Contain("cannot be used").And.Contain("2.4.1").And.Contain(Libtorch.RequiredVersion));

        File.WriteAllText(_folder.PathOf("version.py"), $"__version__ = '{Libtorch.RequiredVersion}+cpu'\n");
        Assert.That(DemProcess.Run(environment, "devices").Expect(0).Output, Does.Contain($"libtorch {Libtorch.RequiredVersion} for processors in {_folder.PathOf("lib")}"));
    }

    private static string Name(string library) => Path.GetFileName(new Libtorch("", null, false).PathOf(library));

    private string[] Left() => Directory.Exists(_folder.PathOf("user/DemEngine/libtorch")) ? Directory.GetFileSystemEntries(_folder.PathOf("user/DemEngine/libtorch")) : [];

    private CommandResult Setup(params string[] args) => DemProcess.Run(
        new Dictionary<string, string> { ["XDG_DATA_HOME"] = _folder.PathOf("user"), ["LOCALAPPDATA"] = _folder.PathOf("user") },
        ["setup", "torch", .. args, "--source", _folder.PathOf("source")]);

    /// <summary>Packages as libtorch for NVIDIA's devices has them: one that names the others, one as usual, one library in three parts.</summary>
    private void Cuda(string whole, string cpu = "cpu")
    {
        string root = $"libtorch-cuda-12.8-{Platform}", native = $"{Platform}/native";
        string[] parts = ["part1", "part2-primary", "part2-fragment1", "part2-fragment2"];
        Package(root, [.. parts.Select(part => $"{root}-{part}"), "libtorch-cuda-12.8-other"]);
        Package($"{root}-part1", files: [($"runtimes/{native}/{Name("torch_cpu")}", cpu), ($"runtimes/{native}/{Name("c10")}", "c10"), ("runtimes/other/native/x.so", "x")]);
        Package($"{root}-part2-primary", files:
        [
            ($"runtimes/{native}/{Name("torch_cuda")}", "first "),
            ($"runtimes/{native}/{Name("torch_cuda")}.sha", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)))),
        ]);
        Package($"{root}-part2-fragment1", files: [($"fragments/{native}/{Name("torch_cuda")}.fragment1", "second ")]);
        Package($"{root}-part2-fragment2", files: [($"fragments/{native}/{Name("torch_cuda")}.fragment2", "third")]);
    }

    private void Package(string id, string[]? needs = null, (string Name, string Text)[]? files = null)
    {
        string path = _folder.PathOf($"source/{id}.{Libtorch.RequiredVersion}.nupkg");
        File.Delete(path);
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        string dependencies = string.Concat((needs ?? []).Select(need => $"""<dependency id="{need}" version="{Libtorch.RequiredVersion}" />"""));
        Add($"{id}.nuspec",
            $"""
            <?xml version="1.0" encoding="utf-8"?>
            <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>
              <id>{id}</id><version>{Libtorch.RequiredVersion}</version><authors>test</authors><description>test</description>
              <dependencies><group targetFramework="netstandard2.0">{dependencies}</group></dependencies>
            </metadata></package>
            """);
        foreach (var (name, text) in files ?? [])
            Add(name, text);

        void Add(string name, string text)
        {
            using var writer = new StreamWriter(archive.CreateEntry(name).Open());
            writer.Write(text);
        }
    }
}
