using System.Collections.Immutable;
using DemEngine.Lab.Experiment.Sources;

namespace DemEngine.Lab.Experiment.Running;

/// <summary>An event in the life of a family of models, after which it must serve other sources, or serve them better.</summary>
/// <param name="Name">Name in tables and of the models that are trained for it.</param>
/// <param name="Description">What happens, in a sentence.</param>
/// <param name="Sources">Sources of the family after it.</param>
/// <param name="New">Names of the models that are tuned for it.</param>
/// <param name="Users">
/// Names of the users who have a model of their own after it, with the weight that each gives to the conflicting source; one user
/// without a weight where there is one model for all.
/// </param>
/// <param name="IsImproved">Whether the data of one source have become better.</param>
/// <param name="NeedsSearch">Whether coefficients are searched; a vector that is left out needs no search.</param>
internal sealed record FamilyEvent(
    string Name,
    string Description,
    ImmutableArray<TextSource> Sources,
    ImmutableArray<string> New,
    ImmutableArray<(string Name, double? Weight)> Users,
    bool IsImproved = false,
    bool NeedsSearch = true)
{
    /// <summary>Name of the first event.</summary>
    public const string Build = "build";

    /// <summary>Lists the events of a preset, in their order.</summary>
    public static ImmutableArray<FamilyEvent> Of(ExperimentPreset preset)
    {
        ImmutableArray<(string, double?)> all = [("", null)];
        ImmutableArray<TextSource> built = preset.Sources, added = built.Add(preset.Added);
        ImmutableArray<TextSource> left = [.. added.Where(source => source.Name != preset.Withdrawn)];
        var events = ImmutableArray.CreateBuilder<FamilyEvent>();
        events.Add(new(
            Build, $"{built.Length} sources", built, [.. built.Select(source => source.Name)], all));
        events.Add(new("add", $"{preset.Added.Name} is added", added, [preset.Added.Name], all));
        events.Add(new(
            "withdraw", $"{preset.Withdrawn} is withdrawn and must be forgotten", left, [], all, NeedsSearch: false));
        events.Add(new(
            "weights",
            $"{Number(preset.Weightings.Length)} {preset.Conflict.Name} beside {built[0].Name}, by "
            + $"{string.Join(", ", preset.Weightings.Select(weight => FormattableString.Invariant($"{100 * weight:0} %")))}",
            left,
            [preset.Conflict.Name],
            [.. preset.Weightings.Select(weight => (FormattableString.Invariant($"-{100 * weight:0}"), (double?)weight))]));
        if (preset.WrongShare > 0)
        {
            events.Add(new(
                "improve",
                $"the data of {preset.Improved}, of which {100 * preset.WrongShare:0} % were wrong, are right",
                left,
                [FamilyTraining.ImprovedName(preset.Improved)],
                all,
                IsImproved: true));
        }

        return events.DrainToImmutable();
    }

    /// <summary>Shares of the sources in a mixture for a user.</summary>
    /// <param name="preset">Preset of the experiment.</param>
    /// <param name="weight">Weight that the user gives to the conflicting source; null if there is none.</param>
    public ImmutableArray<(TextSource Source, double Share)> Shares(ExperimentPreset preset, double? weight) =>
        weight is not { } share
        ? [.. Sources.Select(source => (source, 1.0))]
        :
        [
            .. Sources.Select(source => (source, source == preset.Sources[0] ? 1 - share : 1)),
            (preset.Conflict, share),
        ];

    /// <summary>
    /// Shares of the sources in a mixture that is trained further: half is what is new, if something is, and half what is to be
    /// kept.
    /// </summary>
    public ImmutableArray<(TextSource Source, double Share)> SharesToContinue(ExperimentPreset preset, double? weight)
    {
        ImmutableArray<(TextSource Source, double Share)> shares = Shares(preset, weight);
        string? subject = Name == "add" ? preset.Added.Name : IsImproved ? preset.Improved : null;
        return [.. shares.Select(one => one.Source.Name == subject ? (one.Source, Math.Max(1, shares.Length - 1)) : one)];
    }

    private static string Number(int users) => users == 1 ? "a user wants" : $"{users} users want";
}
