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

    private static readonly int[] Reads = [InputOutput, Interrupted, Short];
    private static readonly int[] Writes = [InputOutput, NoSpace, Quota, TooLarge, Interrupted, Short, Invalid];
    private static readonly int[] Any = [InputOutput];
    private static readonly int[] AnyOrInterrupted = [InputOutput, Interrupted];

    /// <summary>The calls that can be made to fail, each with the errors that the system has for it.</summary>
    public static readonly IReadOnlyDictionary<string, int[]> Errors = new Dictionary<string, int[]>
    {
        ["pread"] = Reads,
        ["pwrite"] = Writes,
        ["write"] = Writes,
        ["read"] = Reads,
        ["fsync"] = [InputOutput, NoSpace, Interrupted],
        ["fdatasync"] = Any,
        ["ftruncate"] = [InputOutput, TooLarge, Interrupted],
        ["fallocate"] = [NoSpace, Quota, TooLarge, InputOutput, Interrupted],
        ["posix_fallocate"] = [NoSpace],
        ["copy_file_range"] = [OtherFileSystem, Interrupted, NoSpace],
        ["rename"] = [InputOutput, NoSpace, Quota],
        ["renameat2"] = Any,
        ["statfs"] = AnyOrInterrupted,
        ["fstatfs"] = AnyOrInterrupted,
        ["open"] = [InputOutput, TooManyFiles, TooManyInSystem, NoSpace, Quota, Interrupted],
        ["open_direct"] = [Invalid, TooManyFiles, InputOutput],
        ["mkdir"] = [InputOutput, NoSpace, Quota],
        ["mmap"] = [InputOutput, TooManyFiles, NoMemory],
        ["munmap"] = [NoMemory],
        ["madvise"] = [Invalid, BadAddress, InputOutput],
        ["mincore"] = [NoMemory],
        ["posix_fadvise"] = [Invalid],
        ["close"] = Any,
        ["fstat"] = Any,
        ["stat"] = Any,
        ["lstat"] = Any,
        ["statx"] = Any,
        ["flock"] = AnyOrInterrupted,
        ["unlink"] = Any,
        ["rmdir"] = Any,
        ["opendir"] = [InputOutput, TooManyFiles],
        ["readdir"] = Any,
        ["lseek"] = Any,
        ["readlink"] = Any,
        ["pthread_create"] = [TryAgain],
        ["aligned_alloc"] = [NoMemory],
    };

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
    public CommandResult Run(string call, string path, int at, int error, int times, int? memory, params string[] args) =>
        Run(call, path, at, error, times, memory, then: "", args);

    /// <summary>Runs a command in which one call fails, and then all calls of another name.</summary>
    /// <param name="call">Name of the call that fails once.</param>
    /// <param name="path">Part of the path that both calls concern.</param>
    /// <param name="at">Number of the call that fails, from 1.</param>
    /// <param name="then">Name of the calls that fail after it.</param>
    /// <param name="args">Arguments of the command.</param>
    public CommandResult RunThen(string call, string path, int at, string then, params string[] args) =>
        Run(call, path, at, InputOutput, 1, memory: null, then, args);

    private CommandResult Run(
        string call, string path, int at, int error, int times, int? memory, string then, string[] args) => DemProcess.Run(
        new Dictionary<string, string>
        {
            ["DOTNET_GCHeapHardLimit"] = memory?.ToString("x", CultureInfo.InvariantCulture) ?? "",
            ["LD_PRELOAD"] = Library,
            ["FAULT_CALL"] = call,
            ["FAULT_PATH"] = path,
            ["FAULT_AT"] = $"{at}",
            ["FAULT_ERROR"] = $"{error}",
            ["FAULT_TIMES"] = $"{times}",
            ["FAULT_THEN"] = then,
            ["FAULT_COUNT"] = CountFile,
        },
        args);

    /// <summary>Whether each number of each call is tried, with each error: where DEM_ALL_FAULTS is set.</summary>
    public static bool AreAllTried => Environment.GetEnvironmentVariable("DEM_ALL_FAULTS") is { Length: > 0 };

    /// <summary>Which calls are made to fail, and how: all, or a few from the last to the first.</summary>
    /// <param name="call">Name of the call.</param>
    /// <param name="count">How often the command makes it.</param>
    /// <param name="few">How many are enough.</param>
    /// <returns>Number of the call, and the error.</returns>
    public static IEnumerable<(int At, int Error)> Tries(string call, int count, int few)
    {
        if (AreAllTried)
            return Enumerable.Range(1, count).SelectMany(at => Errors[call].Select(error => (at, error)));
        return Enumerable.Range(0, count == 0 ? 0 : few)
            .Select(k => (count - (k * (count - 1) / Math.Max(1, few - 1)), Errors[call][k % Errors[call].Length]))
            .Distinct();
    }

    /// <summary>How often the calls of the last command were made that were counted.</summary>
    public int Count => Counts().Values.SingleOrDefault();

    /// <summary>Runs a command to its end, and counts all calls that it makes.</summary>
    /// <param name="path">Part of the path that calls must concern.</param>
    /// <param name="memory">What the runtime takes for the machine's memory, in bytes; null for what there is.</param>
    /// <param name="args">Arguments of the command.</param>
    /// <returns>Numbers of calls by their names; those that were not made are not in it.</returns>
    public IReadOnlyDictionary<string, int> CountAll(string path, int? memory, params string[] args)
    {
        Run("*", path, 0, 0, 0, memory, args).Expect(0);
        return Counts();
    }

    private Dictionary<string, int> Counts() =>
        File.ReadLines(CountFile).Select(line => line.Split(' ')).ToDictionary(line => line[0], line => int.Parse(line[1]));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
