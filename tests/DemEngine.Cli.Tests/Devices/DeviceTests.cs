namespace DemEngine.Cli.Tests.Devices;

/// <summary>What is listed, chosen and said where there are CUDA devices, and where they fail, by a driver that emulates them.</summary>
[NonParallelizable]
public sealed class DeviceTests
{
    private static readonly string[] Nothing = [];

    private EmulatedCuda _cuda = null!;
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void Install()
    {
        _cuda = new EmulatedCuda();
        _family = new ModelFamily("tiny", sources: 2);
        Dem.Run("merge", _family.Recipe, "--out", _family.PathOf("reference")).Expect(0);
    }

    [TearDown]
    public void Tidy()
    {
        foreach (string path in new[] { _family.PathOf("merged"), _family.Staging("merged") }.Where(Directory.Exists))
            Directory.Delete(path, recursive: true);
    }

    [OneTimeTearDown]
    public void Remove()
    {
        _cuda?.Dispose();
        _family?.Dispose();
    }

    [Test]
    public void Devices_are_listed_with_their_memory_though_only_the_versioned_library_is_there()
    {
        string output = _cuda.Run(["DEVICES=2"], "devices").Expect(0).Output;
        Assert.That(output, Does.Match(@"(?m)^cuda:0 +8\.00 GB +Emulated GPU \(0000:41:00\.0\)").And.Match(@"(?m)^cuda:1 +8\.00 GB +Emulated GPU \(0000:42:00\.0\)"));
        Assert.That(output, Does.Not.Contain("no CUDA device"));
    }

    [TestCase("DEVICES=0", "the driver finds none")]
    [TestCase("INIT=100", "the driver finds none")]
    [TestCase("VERSION=8000", "ILGPU has no code for architecture")]
    public void Why_there_is_none_is_said(string setting, string reason)
    {
        Assert.That(_cuda.Run([setting], "devices").Expect(0).Output, Does.Contain(reason));

        _cuda.Run([setting], Merge("cuda")).ExpectError(ErrorCode.NoSuchDevice, reason);
        _cuda.Run([setting], Merge("cuda:all")).ExpectError(ErrorCode.NoSuchDevice, reason);
        CommandResult auto = _cuda.Run([setting], Merge("auto")).Expect(0);
        Assert.That(auto.Error, Does.Contain("auto: cpu (").And.Contain(reason));
    }

    [TestCase("cuda", "cuda:0")]
    [TestCase("cuda:1", "cuda:1")]
    [TestCase("auto", "cuda:0")]
    public void Backends_are_the_devices_that_were_named(string backend, string name)
    {
        _cuda.Run(["DEVICES=2", "LAUNCH=719"], [.. Merge(backend), "--quiet"]).ExpectError(ErrorCode.DeviceFailed, $"{name}: ");
    }

    [Test]
    public void Number_beyond_the_last_device_is_refused()
    {
        _cuda.Run(["DEVICES=2"], Merge("cuda:2")).ExpectError(ErrorCode.NoSuchDevice, "cuda:2 cannot be used: there are fewer");
    }

    /// <summary>Out of memory is told from what else may fail, and the run goes on elsewhere with the same bytes.</summary>
    [TestCase("ALLOC=2", 4010)]
    [TestCase("LAUNCH=2", 4010)]
    [TestCase("LAUNCH=719", 4011)]
    [TestCase("MODULE=218", 4011)]
    [TestCase("SYNCHRONIZE=700", 4011)]
    public void Failure_is_named_and_the_run_resumed_on_the_processor(string setting, int code)
    {
        _cuda.Run(["DEVICES=2", setting], [.. Merge("cuda:all"), "--quiet"]).ExpectError(ErrorCode.All.Single(known => known.Number == code), "cuda:");
        Assert.That(Directory.Exists(_family.PathOf("merged")), Is.False);

        _cuda.Run(Nothing, [.. Merge("cpu"), "--resume"]).Expect(0);
        _family.ExpectSame("merged", "reference");
    }

    /// <summary>As in a container with a limit on locked memory.</summary>
    [Test]
    public void Memory_that_cannot_be_page_locked_is_copied_all_the_same()
    {
        _cuda.Run(["REGISTER=801"], Merge("cuda")).Expect(0);
        _family.ExpectSame("merged", "reference");
    }

    [Test]
    public void What_the_drivers_compiler_says_is_part_of_the_error() =>
        _cuda.Run(["MODULE=218"], [.. Merge("cuda"), "--quiet"]).ExpectError(ErrorCode.DeviceFailed, "emulated compiler: as a test wants it");

    [Test]
    public void Library_of_a_driver_that_is_too_old_is_named()
    {
        string source = _family.PathOf("old.c");
        File.WriteAllText(source, "int cuInit(unsigned flags) { return (int)flags; }\n");
        using var old = new EmulatedCuda(source);
        Assert.That(old.Run(Nothing, "devices").Expect(0).Output, Does.Contain("the driver's library is too old, as it has no cuDriverGetVersion"));
        old.Run(Nothing, Merge("cuda")).ExpectError(ErrorCode.NoSuchDevice, "the driver's library is too old");
        Assert.That(old.Run(Nothing, Merge("auto")).Expect(0).Error, Does.Contain("auto: cpu (").And.Contain("the driver's library is too old"));
    }

    [Test]
    public void Device_that_gives_no_context_cannot_be_used()
    {
        _cuda.Run(["CONTEXT=2"], Merge("cuda")).ExpectError(ErrorCode.NoSuchDevice, "what the driver says");
        Assert.That(_cuda.Run(["CONTEXT=2"], Merge("auto")).Expect(0).Error, Does.Contain("auto: cpu (").And.Contain("what the driver says"));
    }

    private string[] Merge(string backend) =>
        ["merge", _family.Recipe, "--out", _family.PathOf("merged"), "--backend", backend];
}
