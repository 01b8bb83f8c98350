using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DemEngine.Tests;

namespace DemEngine.Kernels.Tests.CodeGeneration;

/// <summary>What NVIDIA's assembler makes of every kernel, where <c>ptxas</c> is on the path. No device is needed for it.</summary>
public sealed partial class AssemblerTests
{
    /// <summary>With 80 registers a thread, a multiprocessor of 65 536 registers holds three groups of 256 threads.</summary>
    private const int MostRegisters = 80;

    /// <summary>What every architecture gives a group without being asked.</summary>
    private const int MostSharedBytes = 48 << 10;

    [OneTimeSetUp]
    public void Skip_without_it()
    {
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        if (!path.Any(folder => File.Exists(Path.Combine(folder, "ptxas"))))
            Assert.Ignore("there is no ptxas on the path");
    }

    [Test]
    public void Nothing_is_spilled_and_three_groups_fit_a_multiprocessor([Values("sm_80", "sm_90")] string architecture)
    {
        using var folder = new TempFolder();
        var found = new ConcurrentBag<string>();
        string[] files =
        [
            .. KernelPtx.Instances.Select(instance =>
                folder.Write($"{KernelPtx.NameOf(instance.Kernel, instance.Types)}.ptx", KernelPtx.Of(instance))),
        ];
        Parallel.ForEach(files, file =>
        {
            string said = Assemble(file, architecture);
            string name = Path.GetFileNameWithoutExtension(file);
            if (!Spills().Match(said).Success || !Registers().Match(said).Success)
                found.Add($"{name}: {said}");
            else if (Spills().Match(said).Groups.Values.Skip(1).Any(bytes => bytes.Value != "0"))
                found.Add($"{name} spills: {said}");
            else if (Number(Registers(), said) > MostRegisters)
                found.Add($"{name} takes {Number(Registers(), said)} registers");
            else if (Number(SharedBytes(), said) > MostSharedBytes)
                found.Add($"{name} takes {Number(SharedBytes(), said)} bytes of shared memory");
        });
        Assert.That(found, Is.Empty);
    }

    private static string Assemble(string file, string architecture)
    {
        using var assembler = Process.Start(
            new ProcessStartInfo("ptxas", ["-v", $"-arch={architecture}", "-o", Path.ChangeExtension(file, ".cubin"), file]) { RedirectStandardError = true })!;
        string said = assembler.StandardError.ReadToEnd();
        assembler.WaitForExit();
        return said;
    }

    private static int Number(Regex pattern, string text) =>
        pattern.Match(text) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")]
    private static partial Regex Spills();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex SharedBytes();
}
