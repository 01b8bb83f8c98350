using DemEngine.Evaluation;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>
/// Requires that the base can do what the sources are about: right by one custom or the other on every skill, and right on what
/// is kept. Over a base that cannot, the experiment would measure how skills are taught, and not how customs are merged.
/// </summary>
internal static class BaseGate
{
    /// <summary>Checks the bases of all runs.</summary>
    /// <exception cref="DemException">DEM4131 (BaseTooWeak): a base is below the gate; the message names the skill.</exception>
    public static void Check(IEnumerable<SeedRun> runs)
    {
        foreach (SeedRun run in runs)
        {
            ModelScores scores = run.Judge(FamilyTraining.Base);
            foreach (var (name, share) in Shares(run.Preset, scores))
            {
                if (share < run.Preset.Gate)
                {
                    throw new DemException(
                        ErrorCode.BaseTooWeak,
                        FormattableString.Invariant($"the base of seed {run.Seed} is right on {100 * share:0} % of {name}, and ")
                        + FormattableString.Invariant($"{100 * run.Preset.Gate:0} % are wanted"));
                }
            }
        }
    }

    /// <summary>Share of right answers of a base by either custom of each skill, and on what is kept.</summary>
    public static IEnumerable<(string Name, double Share)> Shares(ExperimentPreset preset, ModelScores scores) =>
    [
        .. Skill.All.Select(skill => (
            skill.Name, skill.Both.Sum(custom => scores[custom.Name, Metric.ExactMatch]))),
        .. preset.Kept.Select(source => (source.Name, scores[source.Name, Metric.ExactMatch])),
    ];
}
