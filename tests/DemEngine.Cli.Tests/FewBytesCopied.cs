using DemEngine.Lab.Benchmarking;

namespace DemEngine.Cli.Tests;

/// <summary>
/// Every benchmark in this process copies a megabyte of memory a thread, where programs copy a quarter of a gigabyte: no test
/// looks at the rate, and the copies take most of the time of a benchmark of small models.
/// </summary>
[SetUpFixture]
public sealed class FewBytesCopied
{
    [OneTimeSetUp]
    public void CopyFew() => MemoryCopy.BytesPerThread = 1 << 20;
}
