using DemEngine.Training;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DemEngine;

/// <summary>
/// Skips tests, with the reason, where Torch cannot be loaded. Where the environment variable <c>DEM_TESTS_NEED_TORCH</c> is set they run
/// all the same, and fail.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class NeedsTorchAttribute : NUnitAttribute, IApplyToTest
{
    private static readonly Lazy<string?> Reason = new(() =>
    {
        if (Environment.GetEnvironmentVariable("DEM_TESTS_NEED_TORCH") is { Length: > 0 })
            return null;
        try
        {
            TorchLibrary.Check();
            return null;
        }
        catch (DemException e)
        {
            return $"{e.Message}. {e.Remedy}";
        }
    });

    /// <summary>Why the tests are skipped; null if they are not.</summary>
    public static string? WhySkipped => Reason.Value;

    public void ApplyToTest(Test test)
    {
        if (WhySkipped is null)
            return;
        test.RunState = RunState.Ignored;
        test.Properties.Set(PropertyNames.SkipReason, WhySkipped);
    }
}
