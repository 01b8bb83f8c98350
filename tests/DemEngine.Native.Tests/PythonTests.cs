using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace DemEngine.Native.Tests;

/// <summary>The Python package, from its wheel.</summary>
public class PythonTests
{
    private string _python = "";

    private static string Scripts { get; } = Path.Combine(NativeLibrary.Repository, "tests", "DemEngine.Native.Tests", "python");

    private static string Wheels => Path.Combine(NativeLibrary.Work, "wheels");

    [OneTimeSetUp]
    public void Build()
    {
        NativeLibrary.Require();
        if (Programs.Find("python3") is not { } python)
        {
            Assert.That(Environment.GetEnvironmentVariable("CI"), Is.Not.EqualTo("true"), "there is no python3");
            throw new IgnoreException("there is no python3");
        }

        _python = python;
        BuildWheel(Wheels);
        ZipFile.ExtractToDirectory(Directory.GetFiles(Wheels).Single(), Path.Combine(NativeLibrary.Work, "installed"));
    }

    [Test]
    public void A_wheel_has_the_same_bytes_each_time_and_a_name_that_says_where_it_runs()
    {
        string again = Path.Combine(NativeLibrary.Work, "wheels-again");
        BuildWheel(again);
        string name = Path.GetFileName(Directory.GetFiles(Wheels).Single());
        Assert.That(name, Does.Match(@"^demengine-\d+\.\d+\.\d+((a|b|rc)\d+)?(\.dev\d+)?-py3-none-manylinux_2_\d+_(x86_64|aarch64)\.whl$"));
        Assert.That(File.ReadAllBytes(Path.Combine(again, name)), Is.EqualTo(File.ReadAllBytes(Path.Combine(Wheels, name))));
    }

    [Test]
    public void Its_record_has_every_file_with_its_hash()
    {
        using ZipArchive wheel = ZipFile.OpenRead(Directory.GetFiles(Wheels).Single());
        ZipArchiveEntry record = wheel.Entries.Single(entry => entry.FullName.EndsWith(".dist-info/RECORD", StringComparison.Ordinal));
        string[][] lines = [.. Encoding.UTF8.GetString(Bytes(record)).TrimEnd().Split('\n').Select(line => line.Split(','))];
        Assert.That(lines.Select(line => line[0]), Is.EquivalentTo(wheel.Entries.Select(entry => entry.FullName)));
        Assert.That(lines.Select(line => line[0]), Does.Contain("demengine/libdem.so").And.Contain("demengine/py.typed"));
        foreach (string[] line in lines.Where(line => line[1].Length > 0))
        {
            byte[] bytes = Bytes(wheel.GetEntry(line[0])!);
            string hash = Convert.ToBase64String(SHA256.HashData(bytes)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
            Assert.That(line[1..], Is.EqualTo(new[] { $"sha256={hash}", $"{bytes.Length}" }), line[0]);
        }
    }

    [Test]
    public void The_package_merges_refuses_and_stops_as_it_says() => Run("test_demengine.py");

    [Test]
    public void Arrays_and_tensors_go_in_and_come_out_without_copies()
    {
        if (Run("test_arrays.py").Contains("OK (skipped=12)", StringComparison.Ordinal))
            Assert.Ignore("this Python has neither NumPy nor torch");
    }

    private string Run(string script) => Programs.Run(
        _python, NativeLibrary.Work, new Dictionary<string, string> { ["PYTHONPATH"] = Path.Combine(NativeLibrary.Work, "installed"), ["PYTHONDONTWRITEBYTECODE"] = "1" },
        Path.Combine(Scripts, script));

    private void BuildWheel(string folder) =>
        Programs.Run(_python, NativeLibrary.Work, Path.Combine(NativeLibrary.Repository, "tools", "build-wheel.py"), NativeLibrary.File, "--out", folder);

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using Stream content = entry.Open();
        var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }
}
