using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;

namespace DemEngine.Cli.Options;

/// <summary>
/// The options for how candidates are evaluated by a command: how many at a time, where, and what a failure means.
/// </summary>
internal sealed class JobCommandOptions
{
    private const string JobsName = "--jobs";
    private const string DevicesName = "--gpus";
    private const string FailureName = "--on-failure";

    private readonly Option<int> _jobs = Numbers.Positive(
        JobsName, "Evaluate so many candidates at the same time. Default: one, or one for each of --gpus.", 1);

    private readonly Option<string[]> _devices = new(DevicesName)
    {
        Description = "Devices for the jobs, one each: 0,1,2. Several for one job are joined: 0+1,2+3. "
            + "They become {gpu} in the command, and its CUDA_VISIBLE_DEVICES.",
        HelpName = "list",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<Failures> _onFailure = Choice.Option(
        FailureName,
        "A trial whose command fails is skipped: it is noted, and tells the strategy nothing. Or it stops the search.",
        Failures.Skip);

    private enum Failures
    {
        Skip,
        Stop,
    }

    /// <summary>Name of the first of these options that was given; null if none was.</summary>
    public static string? Given(CommandResult result) =>
        new[] { JobsName, DevicesName, FailureName }.FirstOrDefault(
            name => result.GetResult(name) is OptionResult { Implicit: false });

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _jobs, _devices, _onFailure })
            command.Options.Add(option);
    }

    /// <summary>Number of candidates to evaluate at the same time.</summary>
    public int Jobs(ParseResult parsed) =>
        parsed.GetResult(_jobs) is { Implicit: false } ? parsed.GetValue(_jobs) : Math.Max(1, Devices(parsed).Length);

    /// <summary>Devices of each job, as CUDA_VISIBLE_DEVICES lists them; empty if none were named.</summary>
    public ImmutableArray<string> Devices(ParseResult parsed) =>
    [
        .. (parsed.GetValue(_devices) ?? [])
            .SelectMany(list => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Select(devices => devices.Replace('+', ',')),
    ];

    /// <summary>Whether a failure stops the search.</summary>
    public bool StopOnFailure(ParseResult parsed) => parsed.GetValue(_onFailure) == Failures.Stop;
}
