using DemEngine.Cli.Startup;
using DemEngine.Training;

namespace DemEngine.Cli.Output;

/// <summary>What there is of Torch on this system, in words.</summary>
internal static class TorchState
{
    /// <summary>Describes it, without loading it.</summary>
    /// <returns>
    /// One line with name and version, and the location of libtorch or the reason why it cannot be used. If it cannot be used, a
    /// second line gives the remedy.
    /// </returns>
    public static IReadOnlyList<string> Describe()
    {
        if (!Build.HasGpuAndTraining)
            return [Build.Lacks("GPU backends and no training").Message, Remedies.Of(ErrorCode.NotInThisBuild)];
        try
        {
            return [$"{TorchLibrary.Name}, {TorchLibrary.Check()}"];
        }
        catch (DemException e)
        {
            return [$"{TorchLibrary.Name}, cannot be used: {e.Message}", Remedies.Of(e)];
        }
    }
}
