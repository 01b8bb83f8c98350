using System.Collections.Immutable;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>The mixtures that one seed's run trains.</summary>
internal static class FamilyMixtures
{
    /// <summary>Mixtures that begin at the base: one for each event and user, and those of other sizes and shares.</summary>
    public static IEnumerable<TrainingTask> FromBase(
        FamilyTraining training,
        ExperimentPreset preset,
        ImmutableArray<FamilyEvent> events,
        SeedRun run,
        int kinds)
    {
        foreach (FamilyEvent one in events)
        {
            foreach (var (user, weight) in one.Users)
                yield return training.Mix(FamilyTraining.Mixing(one.Name + user), one.Shares(preset, weight), one.IsImproved);
        }

        ImmutableArray<(TextSource Source, double Share)> equal = events[0].Shares(preset, null);
        foreach (double part in preset.Effort.Curve)
            yield return training.Mix(MethodComparison.Part(part), equal, improved: false, part);
        ImmutableArray<double> losses = run.Losses(FamilyTraining.Base, preset.Sources);
        for (int kind = 1; kind < kinds; kind++)
        {
            double[] shares = MixtureShares.Of(kind, losses, run.Seed);
            yield return training.Mix(
                MethodComparison.Kind(kind), [.. preset.Sources.Select((source, k) => (source, shares[k]))], improved: false);
        }

        if (preset.Lacking is { } lacking)
            yield return training.Mix(FamilyTraining.Mixing("lacking"), [.. equal, (lacking, 1)], improved: false);
    }

    /// <summary>Mixtures of an event that begin at the last one.</summary>
    public static IEnumerable<TrainingTask> Continued(
        FamilyTraining training, ExperimentPreset preset, ImmutableArray<FamilyEvent> events, FamilyEvent one)
    {
        // Users have models of their own, so that what comes after them begins at the model before them.
        FamilyEvent last = events.TakeWhile(other => other != one).Last(other => other.Users[0].Weight is null);
        string from = last.Name == FamilyEvent.Build ? FamilyTraining.Mixing(last.Name) : FamilyTraining.Continued(last.Name);
        foreach (var (user, weight) in one.Users)
            yield return training.Continue(
                FamilyTraining.Continued(one.Name + user), from, one.SharesToContinue(preset, weight), one.IsImproved);
    }
}
