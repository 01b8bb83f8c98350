using System.Text;
using DemEngine.Tests;
using DemEngine.Training.Native;

namespace DemEngine.Training.NativeTests;

[Platform("Linux")]
public sealed class SystemLibrariesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void What_every_system_has_is_not_missing() =>
        Assert.That(SystemLibraries.Check(Library("GLIBC_2.14", "GLIBCXX_3.4.20", "CXXABI_1.3.5")), Is.Null);

    [Test]
    public void A_library_that_needs_nothing_is_content() => Assert.That(SystemLibraries.Check(Library()), Is.Null);

    [TestCase("GLIBCXX_3.4.999", "C++ runtime", "libstdc++.so.6")]
    [TestCase("CXXABI_1.3.999", "C++ runtime", "libstdc++.so.6")]
    [TestCase("GLIBC_2.999", "C library", "libc.so.6")]
    public void What_is_too_old_is_named_with_what_was_found(string needed, string name, string library)
    {
        MissingVersion missing = SystemLibraries.Check(Library("GLIBC_2.14", needed))!;
        Assert.That(missing.Name, Is.EqualTo(name));
        Assert.That(missing.Needed, Is.EqualTo(needed));
        Assert.That(missing.Library, Is.EqualTo(library));
        Assert.That(missing.File, Does.Contain($"/{library}"));
        Assert.That(missing.Found, Does.StartWith(needed[..(needed.IndexOf('_') + 1)]));
        Assert.That(missing.ToString(), Does.Contain(needed).And.Contain(missing.File).And.Contain(missing.Found));
    }

    private string Library(params string[] versions)
    {
        string file = _folder.PathOf("lib.so");
        File.WriteAllBytes(file, Encoding.ASCII.GetBytes($"ELF\0{string.Concat(versions.Select(version => $"{version}\0"))}"));
        return file;
    }
}
