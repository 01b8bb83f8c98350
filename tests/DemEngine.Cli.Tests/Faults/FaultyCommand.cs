using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace DemEngine.Cli.Tests.Faults;

/// <summary>A command that makes an output, in a folder of its own, and what it may leave there when a call of the system fails.</summary>
/// <param name="words">The command without <c>--out</c>.</param>
/// <param name="before">The command of the output that is replaced; null where there is none.</param>
internal sealed class FaultyCommand(string[] words, string[]? before = null)
{
    private FaultyCalls _calls = null!;
    private ModelFamily _family = null!;
    private string _folder = "";
    private string _start = "";
    private string _whole = "";

    /// <summary>Name of the output.</summary>
    public string Output { get; init; } = "out";

    /// <summary>Whether an unfinished run can be resumed; others begin anew.</summary>
    public bool Resumes { get; init; } = true;

    /// <summary>Whether it goes on with a run that was stopped.</summary>
    public bool IsStopped { get; init; }

    /// <summary>How often the command makes each call.</summary>
    public IReadOnlyDictionary<string, int> Counts { get; private set; } = new Dictionary<string, int>();

    private string[] Command =>
    [
        .. words, "--out", Path.Combine(_folder, Output), "--threads", "1",
        .. before is null ? (string[])[] : ["--overwrite"], .. IsStopped ? (string[])["--resume"] : [],
    ];

    /// <summary>Makes what the command begins with, and what comes out where nothing fails.</summary>
    public void Prepare(FaultyCalls calls, ModelFamily family, string name)
    {
        (_calls, _family) = (calls, family);
        _folder = family.PathOf(name);
        _start = family.PathOf($"{name} before");
        _whole = family.PathOf($"{name} whole");
        Directory.CreateDirectory(_folder);
        string[] output = ["--out", Path.Combine(_folder, Output)];
        if (before is not null)
            Dem.Run([.. before, .. output]).Expect(0);
        if (IsStopped)
            calls.Run("pwrite", family.Folder, 40, FaultyCalls.InputOutput, int.MaxValue, [.. words, .. output]).ExpectError(ErrorCode.WriteFailed);
        Copy(_folder, _start);
        Counts = calls.CountAll(family.Folder, memory: null, Command);
        Copy(_folder, _whole);
    }

    /// <summary>Lets a call fail, looks at what is left, and runs the command again.</summary>
    public void Try(string call, int at, int error)
    {
        string what = $"{call} {at}, error {error}";
        string[] besides = Directory.GetFileSystemEntries(_family.Folder);
        Copy(_start, _folder);
        CommandResult result = _calls.Run(call, _family.Folder, at, error, 1, Command);
        Assert.That(Directory.GetFileSystemEntries(_family.Folder), Is.EquivalentTo(besides), $"{what}: what is beside its folder");
        if (result.ExitCode == 0)
        {
            bool isPassedOver = call == "fsync" && error != FaultyCalls.Interrupted && _calls.Count >= at;
            Assert.That(isPassedOver, Is.False, $"{what} is passed over");
            Assert.That(Contents(_folder), Is.EqualTo(Contents(_whole)), what);
            return;
        }

        Assert.That(result.ExitCode, Is.AnyOf(1, 2), () => $"{what}: {result.Error}");
        Assert.That(result.Error, Does.Match("error DEM\\d{4}: ").And.Not.Contain("DEM4999"), what);
        Assert.That(error, Is.Not.AnyOf(FaultyCalls.Interrupted, FaultyCalls.Short), () => $"{what} is no error: {result.Error}");
        Assert.That(
            Directory.GetFileSystemEntries(_folder).Select(path => Path.GetFileName(path)),
            Has.All.Match($@"^({Regex.Escape(Output)}(\.partial)?|\.{Regex.Escape(Output)}\.dem-.*)$"),
            $"{what}: what is left");
        string[] left = Contents(_folder, Output);
        Assert.That(left, Is.EqualTo(Contents(_start, Output)).Or.EqualTo(Contents(_whole, Output)), what);

        string[] again = [.. Command.Where(word => word != "--resume"), .. Resumes ? (string[])["--resume=auto"] : []];
        (DemProcess.IsOfThisBuild ? Dem.Run(again) : DemProcess.Run(again)).Expect(0);
        Assert.That(Contents(_folder), Is.EqualTo(Contents(_whole)), $"{what}, and again");
    }

    /// <summary>The files in a folder or of an output in it, with their contents.</summary>
    private static string[] Contents(string folder, string? output = null) =>
    [
        .. Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => (Path: path, Name: Path.GetRelativePath(folder, path)))
            .Where(file => output is null || file.Name.Split(Path.DirectorySeparatorChar)[0] == output)
            .Select(file => $"{file.Name} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file.Path)))}")
            .Order(StringComparer.Ordinal),
    ];

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        foreach (string path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }
    }
}
