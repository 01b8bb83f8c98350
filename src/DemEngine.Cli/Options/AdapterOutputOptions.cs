using System.CommandLine;
using System.CommandLine.Parsing;
using DemEngine.Adapters;

namespace DemEngine.Cli.Options;

/// <summary>The options that say how the factors of a written adapter are chosen and shown.</summary>
internal sealed class AdapterOutputOptions
{
    private readonly Option<int?> _rank = new("--rank")
    {
        Description = "Largest rank of the factors.",
        HelpName = "count",
    };

    private readonly Option<double?> _energy = new("--energy")
    {
        Description = "Share of each change's ‖Δ‖² that the factors are to hold, such as 0.95; each matrix gets the least rank.",
        HelpName = "share",
    };

    /// <summary>The picture of what the factors hold.</summary>
    public ReportOption Svg { get; } = new(
        "--svg", "Also draw the share of each change that the factors hold, by layer, into this file.");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _rank, _energy, Svg })
            command.Options.Add(option);
    }

    /// <summary>How ranks are chosen; null where nothing is said.</summary>
    public RankChoice? Choice(ParseResult parsed) => Choice(parsed.RootCommandResult);

    /// <summary>How ranks are chosen; null where nothing is said.</summary>
    public RankChoice? Choice(SymbolResult parsed)
    {
        int? rank = parsed.GetValue(_rank);
        double? energy = parsed.GetValue(_energy);
        return rank is null && energy is null ? null : new RankChoice(rank, energy);
    }

    /// <summary>Whether any of the options is given.</summary>
    public bool AreGiven(SymbolResult parsed) => Choice(parsed) is not null || parsed.GetResult(Svg) is not null;
}
