using System.Diagnostics;

namespace DemEngine.Cli.Tests.Faults;

/// <summary>What a shell can take from a process is named, and costs no output.</summary>
[Platform(Include = "Linux")]
public sealed class SystemLimitTests
{
    private ModelFamily _family = null!;

    [OneTimeSetUp]
    public void MakeFamily() => _family = new ModelFamily("tiny", 1);

    [OneTimeTearDown]
    public void DeleteFamily() => _family.Dispose();

    [TestCase("ulimit -n 32", 4013, "needs at least 128")]
    [TestCase("ulimit -n 60", 4013, "needs at least 128")]
    [TestCase("export DOTNET_EnableWriteXorExecute=1; ulimit -f 9000", 4012, ".NET alone needs")]
    [TestCase("export DOTNET_EnableWriteXorExecute=0; ulimit -f 40", 4012, ".safetensors")]
    [TestCase("export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f 40", 4012, ".safetensors")]
    public void A_limit_that_is_too_low_is_named(string limit, int code, string message)
    {
        CommandResult result = Shell($"{limit}; exec \"$@\"", [.. Merge("limited"), "--restart"]);
        Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
        Assert.That(result.Error, Does.StartWith($"error DEM{code}: ").And.Contain(message));
        Assert.That(Directory.Exists(_family.PathOf("limited")), Is.False);
    }

    [TestCase(">/dev/full")]
    [TestCase(">&-")]
    public void Output_that_cannot_be_printed_costs_only_the_printing(string where)
    {
        string output = $"printed {where.Length}";
        CommandResult result = Shell($"exec \"$@\" {where}", Merge(output));
        Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
        Assert.That(result.Error, Does.StartWith("error DEM4015: standard output"));
        Dem.Run("verify", _family.PathOf(output)).Expect(0);
    }

    [TestCase("2>/dev/full")]
    [TestCase("2>&-")]
    public void Errors_that_cannot_be_printed_keep_the_exit_code(string where) =>
        Assert.That(Shell($"exec \"$@\" {where}", ["inspect", _family.PathOf("none")]).ExitCode, Is.EqualTo(2));

    [TestCase("<&-", "it is closed", "check")]
    [TestCase("<&-", "it is closed", "merge")]
    [TestCase("< .", "Is a directory", "check")]
    public void Input_that_cannot_be_read_is_named_at_once(string from, string why, string command)
    {
        string[] output = command == "merge" ? ["--out", "from nowhere"] : [];
        CommandResult result = Shell($"exec timeout 60 \"$@\" {from}", [command, "-", .. output]);
        Assert.That(result.ExitCode, Is.EqualTo(2), result.Error);
        Assert.That(result.Error, Does.StartWith($"error DEM3001: standard input: {why}").And.Contain("Pipe the recipe"));
    }

    [TestCase("demo")]
    [TestCase("bench")]
    public void A_folder_for_temporary_files_that_is_not_there_is_named(string command)
    {
        string nowhere = _family.PathOf("nowhere");
        CommandResult result = Shell($"TMPDIR='{nowhere}' exec \"$@\"", [command]);
        Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
        Assert.That(result.Error, Does.StartWith($"error DEM4002: {nowhere}").And.Contain("there is no such folder").And.Contain("TMPDIR"));
    }

    [Test]
    public void A_folder_that_is_gone_is_named()
    {
        CommandResult result = Shell("mkdir gone; cd gone; rmdir ../gone; exec \"$@\"", ["merge", "r.yaml", "--out", "out"]);
        Assert.That(result.ExitCode, Is.EqualTo(1), result.Error);
        Assert.That(result.Error, Does.StartWith("error DEM4014: "));
    }

    [Test]
    public void A_link_that_leads_to_itself_is_named()
    {
        File.CreateSymbolicLink(_family.PathOf("loop"), _family.PathOf("loop"));
        CommandResult result = Dem.Run(Merge("loop"));
        Assert.That(result.ExitCode, Is.EqualTo(2));
        Assert.That(result.Error, Does.StartWith("error DEM1001: ").And.Contain("cannot be followed"));
    }

    [TestCase("mmap")]
    [TestCase("pread")]
    public void An_input_that_is_cut_off_while_it_is_read_is_named(string io)
    {
        using var large = new ModelFamily(_family.Write("large.json", """
            {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 6, "num_attention_heads": 4, "vocab_size": 4000}
            """), 1);
        string[] command = ["merge", large.Recipe, "--out", large.PathOf("out"), "--threads", "1", "--io", io];
        using DemProcess process = DemProcess.Start(command);
        Assert.That(process.WaitUntil(() => large.FinishedTensors("out") >= 1));
        using (var file = new FileStream(large.PathOf("tuned 1/model.safetensors"), FileMode.Open))
            file.SetLength(file.Length / 20);
        CommandResult result = process.Wait();
        Assert.That(result.ExitCode, Is.Not.Zero);

        // Pages that go while they are in use end a process that has mapped them, with the runtime's own message.
        bool isAbort = io == "mmap" && result.Error.Contains("Fatal error", StringComparison.Ordinal);
        Assert.That(isAbort || result.Error.StartsWith("error DEM4005: ", StringComparison.Ordinal), result.Error);
        Assert.That(Directory.Exists(large.PathOf("out")), Is.False);
    }

    private string[] Merge(string output) => ["merge", _family.Recipe, "--out", _family.PathOf(output)];

    private CommandResult Shell(string script, string[] args)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo("/bin/sh", ["-c", script, "sh", dotnet, Path.Combine(AppContext.BaseDirectory, "dem.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _family.Folder,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new CommandResult(process.ExitCode, output, error.Result);
    }
}
