using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace DemEngine.Cli.Tests;

/// <summary>
/// <c>dem</c> as a process of its own, for what only a process has: signals, and a sudden end. The environment variable DEM_PROGRAM
/// names another one than that of this build: one compiled ahead of time starts in a tenth of the time.
/// </summary>
internal sealed partial class DemProcess : IDisposable
{
    public const int Interrupt = 2;
    public const int Terminate = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private DemProcess(IReadOnlyDictionary<string, string> environment, string[] args)
    {
        HeedInterrupts();
        var start = new ProcessStartInfo(Program ?? Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (IsOfThisBuild)
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "dem.dll"));
        foreach (string arg in args)
            start.ArgumentList.Add(arg);

        // The program compiles loops well at once, for merges of gigabytes. Here that takes longer than they run.
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "1";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Whether it is the program of this build.</summary>
    public static bool IsOfThisBuild => Program is null;

    private static string? Program => Environment.GetEnvironmentVariable("DEM_PROGRAM") is { Length: > 0 } program ? program : null;

    public static DemProcess Start(params string[] args) => new(new Dictionary<string, string>(), args);

    /// <summary>Runs to the end.</summary>
    public static CommandResult Run(params string[] args) => Run(new Dictionary<string, string>(), args);

    /// <summary>Runs to the end in an environment that differs from this process's.</summary>
    public static CommandResult Run(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        using var process = new DemProcess(environment, args);
        return process.Wait();
    }

    public string Error
    {
        get
        {
            lock (_error)
                return _error.ToString();
        }
    }

    /// <summary>Waits for something to be so, as closely as the scheduler allows.</summary>
    /// <returns>False if the process ended first.</returns>
    public bool WaitUntil(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (_process.HasExited)
                return false;
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(Patience), () => Error);
            Thread.Sleep(0);
        }

        return true;
    }

    /// <summary>Ends it as if the power went, without a chance to tidy up.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public CommandResult Wait()
    {
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill();
            Assert.Fail($"dem did not end: {Error}");
        }

        // Without a time limit it waits for the last lines too.
        _process.WaitForExit();
        lock (_output)
            return new CommandResult(_process.ExitCode, _output.ToString(), Error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            if (line is not null)
                text.Append(line).Append('\n');
        }
    }

    /// <summary>A shell starts what it runs in the background with Ctrl-C ignored, and children inherit that: here, undone.</summary>
    private static void HeedInterrupts()
    {
        const nint Default = 0, Ignored = 1;
        if (OperatingSystem.IsWindows())
            return;
        nint inherited = SetHandler(Interrupt, Default);
        if (inherited != Ignored)
            _ = SetHandler(Interrupt, inherited);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);

    [DllImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static extern nint SetHandler(int signal, nint handler);
}
