using DemEngine.Remote;
using DemEngine.Stores;

namespace DemEngine.Tests.Stores;

/// <summary>Registers the stores for the tests of this folder, with times that are short.</summary>
[SetUpFixture]
internal sealed class QuickStores
{
    public static StoreLimits Limits { get; } = new()
    {
        Attempts = 4,
        FirstDelay = TimeSpan.FromMilliseconds(5),
        LongestDelay = TimeSpan.FromSeconds(2),
        StallTimeout = TimeSpan.FromMilliseconds(1500),
    };

    [OneTimeSetUp]
    public void Register() => RemoteStores.Register(Limits);
}
