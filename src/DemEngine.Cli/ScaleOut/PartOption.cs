using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;

namespace DemEngine.Cli.ScaleOut;

/// <summary>The option <c>--part</c>, by which a merge makes one part of a plan.</summary>
internal static class PartOption
{
    /// <summary>Word for the phase in which statistics are measured.</summary>
    public const string Measure = "measure";

    private const string Make = "make";

    /// <summary>Makes the option of a merge.</summary>
    public static Option<string?> New() => New(
        "Make one part of a plan by `dem plan`, which is given in place of the recipe: its number from 0, or auto for the task "
        + "of Slurm, MPI or Kubernetes. Stopped, the same command goes on. `dem help scale` says more.");

    /// <summary>Makes the option.</summary>
    /// <param name="description">What it does, for the help.</param>
    public static Option<string?> New(string description) => new("--part")
    {
        Description = description,
        HelpName = "k|auto",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (text == ScheduledPart.Auto || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                return text;
            result.Refuse($"'{text}' is neither a number from 0 nor {ScheduledPart.Auto}");
            return null;
        },
    };

    /// <summary>Makes the option for the phase of a part.</summary>
    public static Option<string?> NewPhase()
    {
        var phase = new Option<string?>("--phase")
        {
            Description = "With --part: measure what scope: layer and scope: model measure, before the parts are made, which "
                + $"then need not. Default {Make}.",
        };
        Choice.TakeOnly(phase, Measure, Make);
        return phase;
    }

    /// <summary>Makes the option that lists what a part reads.</summary>
    public static Option<bool> NewInputs() => new("--inputs")
    {
        Description = "With --part: print the files that the part reads tensors from, one on a line, and make nothing.",
    };

    /// <summary>Refuses options of a merge that the plan decides.</summary>
    /// <param name="result">The request.</param>
    /// <param name="options">The options.</param>
    public static void RefuseDecided(CommandResult result, IEnumerable<Option> options)
    {
        foreach (Option option in options.Where(option => result.GetResult(option) is { Implicit: false }))
            result.AddError($"{option.Name} is decided by the plan: give it to `dem plan`, and not with --part");
    }
}
