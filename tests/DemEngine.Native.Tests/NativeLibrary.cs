using System.Reflection;
using System.Runtime.InteropServices;
using DemEngine.Tests;

namespace DemEngine.Native.Tests;

/// <summary>
/// The library, compiled ahead of time from this repository, once for all tests. What is compiled stays beside the build's own files, so that a
/// run after one without changes takes seconds and not a minute.
/// </summary>
[SetUpFixture]
public sealed class NativeLibrary
{
    private static TempFolder? _work;

    /// <summary>Why the library cannot be made here; null where it was.</summary>
    internal static string? Lack { get; private set; }

    /// <summary>The folder of the repository.</summary>
    internal static string Repository { get; } =
        typeof(NativeLibrary).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "RepositoryFolder").Value!;

    /// <summary>The project's folder, with the header and the example.</summary>
    internal static string Sources { get; } = Path.Combine(Repository, "src", "DemEngine.Native");

    /// <summary>The folder of the compiled library and its header.</summary>
    internal static string Folder { get; } = Path.Combine(Repository, "tests", "DemEngine.Native.Tests", "obj", "library");

    /// <summary>Path of the compiled library.</summary>
    internal static string File => Path.Combine(Folder, "libdem.so");

    /// <summary>Models and a recipe, and room for what tests make.</summary>
    internal static string Work => _work!.Path;

    [OneTimeSetUp]
    public void Publish()
    {
        Lack = !OperatingSystem.IsLinux() ? "the library's tests run on Linux"
            : !System.IO.File.Exists("/usr/bin/gcc") && !System.IO.File.Exists("/usr/bin/clang") ? "there is no C compiler to link with"
            : null;
        if (Lack is not null)
            return;
        _work = new TempFolder();
        SmallModels.Write(Work);
        string artifacts = Path.Combine(Repository, "tests", "DemEngine.Native.Tests", "obj", "library-build");
        Programs.Run(
            "dotnet", Repository, "publish", "src/DemEngine.Native", "-r", RuntimeInformation.RuntimeIdentifier, "-p:PublishAot=true", "-p:StripSymbols=true",
            "--artifacts-path", artifacts, "-p:RunAnalyzers=false", "-o", Folder, "-v", "quiet", "-nodeReuse:false");
    }

    [OneTimeTearDown]
    public void Delete() => _work?.Dispose();

    /// <summary>Skips a test where there is no library; where <c>CI</c> is <c>true</c>, that is a failure.</summary>
    internal static void Require()
    {
        if (Lack is null)
            return;
        Assert.That(Environment.GetEnvironmentVariable("CI"), Is.Not.EqualTo("true"), Lack);
        Assert.Ignore(Lack);
    }
}
