using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DemEngine.Cli.Tests.Devices;

/// <summary>
/// The driver of fake-cuda.c, compiled and installed in a folder of its own under the name that drivers have, <c>libcuda.so.1</c>; and
/// <c>dem</c> running with it.
/// </summary>
internal sealed class FakeCuda : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dem-fake-cuda-");

    /// <summary>Compiles it, or has the test skipped.</summary>
    public FakeCuda()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("the fake driver is for Linux");

        try
        {
            string source = Path.Combine(Path.GetDirectoryName(ThisFile())!, "fake-cuda.c");
            using var compiler = Process.Start("cc", ["-shared", "-fPIC", "-O1", "-o", Path.Combine(_folder.FullName, "libcuda.so.1"), source]);
            compiler.WaitForExit();
            Assert.That(compiler.ExitCode, Is.Zero);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("there is no C compiler to make the fake driver with");
        }
    }

    /// <summary>Runs <c>dem</c> with this driver.</summary>
    /// <param name="settings">What fake-cuda.c is to find in its environment, such as <c>DEVICES=2</c>.</param>
    /// <param name="args">The command.</param>
    public CommandResult Run(string[] settings, params string[] args)
    {
        var environment = new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = _folder.FullName };
        foreach (string setting in settings)
        {
            string[] parts = setting.Split('=');
            environment[$"FAKE_CUDA_{parts[0]}"] = parts[1];
        }

        return DemProcess.Run(environment, args);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
