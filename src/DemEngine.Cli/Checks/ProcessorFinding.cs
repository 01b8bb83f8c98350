using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DemEngine.Numerics.Simd;

namespace DemEngine.Cli.Checks;

/// <summary>Tells whether the processor has vectors that this build of the program does not use.</summary>
/// <remarks>
/// A program that is compiled ahead of time is for one level of x86-64 (System V psABI for x86-64, section 3.1.1).
/// </remarks>
internal static class ProcessorFinding
{
    private const string CpuInfo = "/proc/cpuinfo";
    private static readonly string[] Level4 = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"];

    /// <summary>Makes the finding of this processor.</summary>
    /// <param name="text">What is to be said of it in any case.</param>
    public static Finding Of(string text) => RuntimeInformation.ProcessArchitecture == Architecture.X64
        ? Of(text, VectorWidths.Best, Flags(), isAheadOfTime: !RuntimeFeature.IsDynamicCodeSupported)
        : new Finding("processor", Health.Ok, text);

    /// <summary>Makes the finding of a processor of x64.</summary>
    /// <param name="text">What is to be said of it in any case.</param>
    /// <param name="used">The widest vectors that this build uses on it.</param>
    /// <param name="flags">What the system says that it can do; empty where that is not known.</param>
    /// <param name="isAheadOfTime">Whether the build was compiled ahead of time.</param>
    public static Finding Of(string text, VectorWidth used, IReadOnlyCollection<string> flags, bool isAheadOfTime)
    {
        if (isAheadOfTime && used < VectorWidth.Bits512 && Level4.All(flags.Contains))
            return new Finding(
                "processor",
                used < VectorWidth.Bits256 ? Health.Warn : Health.Ok,
                $"{text}, and the processor has AVX-512",
                "The release's file for x86-64-v4 merges in less of the processor's time, with the same bytes.");
        if (isAheadOfTime && used < VectorWidth.Bits256 && flags.Contains("avx2"))
            return new Finding(
                "processor",
                Health.Warn,
                $"{text}, and the processor has AVX2",
                "This build is for processors without AVX2. The release's file for x64 merges faster, with the same bytes.");
        return used >= VectorWidth.Bits256
            ? new Finding("processor", Health.Ok, text)
            : new Finding(
                "processor",
                Health.Warn,
                $"{text}, no AVX2",
                "Merges are slower, with the same bytes. A virtual machine may hide AVX2: pass the host's processor through.");
    }

    private static string[] Flags()
    {
        try
        {
            string? line = File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal));
            return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
