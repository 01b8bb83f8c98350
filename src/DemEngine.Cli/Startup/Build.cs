using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace DemEngine.Cli.Startup;

/// <summary>What this build of the program includes.</summary>
internal static class Build
{
    /// <summary>
    /// Whether GPUs and training are included. ILGPU compiles kernels from IL, and libtorch is many times as large as all else,
    /// so that a build which is compiled ahead of time leaves both out and is one file.
    /// </summary>
    [FeatureSwitchDefinition("DemEngine.Cli.GpuAndTraining")]
    public static bool HasGpuAndTraining =>
        AppContext.TryGetSwitch("DemEngine.Cli.GpuAndTraining", out bool isIncluded)
            ? isIncluded
            : RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>Makes the error that a feature needs another build.</summary>
    /// <param name="feature">Name of the feature, without an article.</param>
    public static DemException Lacks(string feature) =>
        new(ErrorCode.NotInThisBuild, $"this build, which is compiled ahead of time, has no {feature}");
}
