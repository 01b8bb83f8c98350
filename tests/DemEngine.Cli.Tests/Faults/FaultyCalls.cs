using System.Diagnostics;
using System.Globalization;

namespace DemEngine.Cli.Tests.Faults;

/// <summary>
/// A library of C that is loaded before the system's and makes one call of a process fail; see <c>faults.c</c>. It is compiled
/// when the tests begin.
/// </summary>
internal sealed class FaultyCalls : IDisposable
{
    public const int Short = 0;
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int TryAgain = 11;
    public const int NoMemory = 12;
    public const int BadAddress = 14;
    public const int OtherFileSystem = 18;
    public const int Invalid = 22;
    public const int TooManyInSystem = 23;
    public const int TooManyFiles = 24;
    public const int TooLarge = 27;
    public const int NoSpace = 28;
    public const int Quota = 122;

    // The loader takes a blank for the end of a name, so that this folder has a plain one.
    private readonly string _folder = Directory.CreateTempSubdirectory("dem-faults-").FullName;

    private FaultyCalls()
    {
    }

    private string Library => Path.Combine(_folder, "faults.so");

    private string CountFile => Path.Combine(_folder, "count");

    /// <summary>Compiles the library; null where there is no compiler for it.</summary>
    public static FaultyCalls? TryCompile()
    {
        var calls = new FaultyCalls();
        string source = Path.Combine(TestContext.CurrentContext.TestDirectory, "Faults", "faults.c");
        foreach (string compiler in new[] { "cc", "gcc", "clang" })
        {
            try
            {
                using Process process = Process.Start(compiler, ["-shared", "-fPIC", "-o", calls.Library, source, "-ldl", "-pthread"]);
                process.WaitForExit();
                if (process.ExitCode == 0)
                    return calls;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // There is no such compiler.
            }
        }

        calls.Dispose();
        return null;
    }

    /// <summary>Runs a command.</summary>
    /// <param name="call">Name of the call that fails.</param>
    /// <param name="path">Part of the path that the call concerns.</param>
    /// <param name="at">Number of the first call that fails, from 1; 0 for none.</param>
    /// <param name="error">Error number, or <see cref="Short"/>.</param>
    /// <param name="times">How many calls fail from there.</param>
    /// <param name="args">Arguments of the command.</param>
    public CommandResult Run(string call, string path, int at, int error, int times, params string[] args) =>
        Run(call, path, at, error, times, memory: null, args);

    /// <summary>Runs a command that finds little memory.</summary>
    /// <param name="call">Name of the call that fails.</param>
    /// <param name="path">Part of the path that the call concerns.</param>
    /// <param name="at">Number of the first call that fails, from 1; 0 for none.</param>
    /// <param name="error">Error number, or <see cref="Short"/>.</param>
    /// <param name="times">How many calls fail from there.</param>
    /// <param name="memory">What the runtime takes for the machine's memory, in bytes; null for what there is.</param>
    /// <param name="args">Arguments of the command.</param>
    public CommandResult Run(string call, string path, int at, int error, int times, int? memory, params string[] args) => DemProcess.Run(
        new Dictionary<string, string>
        {
            ["DOTNET_GCHeapHardLimit"] = memory?.ToString("x", CultureInfo.InvariantCulture) ?? "",
            ["LD_PRELOAD"] = Library,
            ["FAULT_CALL"] = call,
            ["FAULT_PATH"] = path,
            ["FAULT_AT"] = $"{at}",
            ["FAULT_ERROR"] = $"{error}",
            ["FAULT_TIMES"] = $"{times}",
            ["FAULT_COUNT"] = CountFile,
        },
        args);

    /// <summary>How often the call of the last command was made.</summary>
    public int Count => int.Parse(File.ReadAllText(CountFile));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
