using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>
/// Drops the ⌊γ·n⌋ largest differences and then the smallest, so that ⌊d·n⌋ are kept. Drops fewer of the largest where too few
/// would be left otherwise.
/// </summary>
internal sealed class MiddleMagnitudes : Sparsifier
{
    private const double DefaultGamma = 0.01;

    public override IReadOnlyList<MethodParameter> Parameters { get; } =
        [new("gamma", ParameterType.Number, PerModel: true, "share of the largest differences to be dropped; 0.01")];

    public override string Terms(TensorContext question, double[] densities) =>
        $"{base.Terms(question, densities)}, gamma {string.Join(
            ", ",
            question.NumberOfEach("gamma", DefaultGamma).Select(gamma => gamma.ToString("R", CultureInfo.InvariantCulture)))}";

    public override Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased)
    {
        double gamma = question.NumberOf(source, "gamma", DefaultGamma);
        if (gamma is < 0 or > 1)
            throw question.WrongValueOf(source, "gamma", $"gamma is {gamma}, and is from 0 to 1");

        long Kept(long n) => (long)(density * n);
        long Dropped(long n) => Math.Min((long)(gamma * n), n - Kept(n));
        return new Sparsification([Dropped, n => Dropped(n) + Kept(n)], cuts => new MagnitudeMask(Least: cuts[1], Most: cuts[0]));
    }
}
