using DemEngine.Emulation;

namespace DemEngine.Cli.Tests.Devices;

/// <summary><c>dem</c> running with the emulated CUDA driver.</summary>
internal sealed class EmulatedCuda : IDisposable
{
    private readonly CudaEmulator _driver;

    /// <summary>Compiles the driver, or has the test skipped.</summary>
    /// <param name="source">A C file to take in place of the driver.</param>
    public EmulatedCuda(string? source = null)
    {
        _driver = CudaEmulator.Build(source);
        if (_driver.Missing is { } reason)
            Assert.Ignore(reason);
    }

    /// <summary>Runs <c>dem</c> with this driver.</summary>
    /// <param name="settings">Settings of the driver, as in its settings.h, such as <c>DEVICES=2</c>.</param>
    /// <param name="args">The command.</param>
    public CommandResult Run(string[] settings, params string[] args)
    {
        var environment = new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = _driver.Folder! };
        foreach (string setting in settings)
        {
            string[] parts = setting.Split('=');
            environment[$"EMULATED_CUDA_{parts[0]}"] = parts[1];
        }

        return DemProcess.Run(environment, args);
    }

    public void Dispose() => _driver.Dispose();
}
