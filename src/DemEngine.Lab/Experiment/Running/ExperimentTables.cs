using System.Collections.Immutable;
using DemEngine.Lab.Experiment.Results;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>The tables of an experiment.</summary>
internal sealed class ExperimentTables
{
    /// <summary>Number of sources in the experiments with few vectors.</summary>
    public const int Few = 3;

    public ExperimentTables(ExperimentPreset preset)
    {
        ImmutableArray<string> sources = [.. preset.Sources.Select(plan => plan.Name)];
        Main = new Findings(
            $"Methods on {sources.Length} sources",
            $"The mean is over the {sources.Length} sources. Beside it: {preset.Transfer.Name}, on which no model was trained. "
            + "The cost of a merge includes all models that it is made of.",
            [.. sources, preset.Transfer.Name],
            sources.Length);
        FewVectors = new Findings(
            "One, two and three vectors",
            "The DEM paper’s first experiments: one vector at half strength, two with equal coefficients and with searched "
            + "ones, three with searched ones.",
            sources[..Few],
            Few);
        Added = new Findings(
            $"A source is added: {preset.Added.Name}",
            "What it costs to have one source more, from where the methods stood before. The mean is over all six.",
            [.. sources, preset.Added.Name, preset.Transfer.Name],
            sources.Length + 1);
    }

    /// <summary>Results of all methods on all sources.</summary>
    public Findings Main { get; }

    /// <summary>Results of merges of one, two and three vectors.</summary>
    public Findings FewVectors { get; }

    /// <summary>Results with one more source.</summary>
    public Findings Added { get; }

    /// <summary>All tables, in the order of the report.</summary>
    public ImmutableArray<ResultTable> ToTables() => [Main.ToTable(), FewVectors.ToTable(), Added.ToTable()];
}
