using System.Collections.Immutable;

namespace DemEngine.Lab.Experiment.Given;

/// <summary>A model that an experiment on given data trains.</summary>
/// <param name="Name">Name of the model and of its folder.</param>
/// <param name="From">Name of the model that it starts from; null for the base.</param>
/// <param name="Shares">Sources with their shares, which need not add up to 1.</param>
/// <param name="Steps">Number of steps.</param>
/// <param name="IsAdapter">Whether it is written as an adapter.</param>
internal sealed record GivenModel(
    string Name, string? From, ImmutableArray<(GivenSource Source, double Share)> Shares, long Steps, bool IsAdapter)
{
    /// <summary>Lists all models, each after the one that it starts from.</summary>
    public static ImmutableArray<GivenModel> Of(GivenSettings settings)
    {
        long steps = settings.Training.Steps;
        GivenModel Tune(GivenSource source) => new(source.Name, null, [(source, 1)], steps, settings.IsAdapted);
        GivenModel Mix(string name, ImmutableArray<GivenSource> sources) =>
            new($"mixing-{name}", null, [.. sources.Select(source => (source, 1.0))], steps * sources.Length, false);
        GivenSource added = settings.Sources[^1];
        return
        [
            .. settings.Sources.Select(Tune),
            Mix("build", settings.Built),
            Mix("add", settings.Sources),
            Mix("withdraw", settings.Left),
            // Half of it is what is new.
            new(
                "continued-add",
                "mixing-build",
                [.. settings.Built.Select(source => (source, 1.0)), (added, settings.Built.Length)],
                2 * steps,
                false),
            new("continued-withdraw", "continued-add", [.. settings.Left.Select(source => (source, 1.0))], 2 * steps, false),
        ];
    }
}
