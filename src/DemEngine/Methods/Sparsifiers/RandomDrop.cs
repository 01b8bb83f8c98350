using System.Globalization;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Keeps each difference with probability d (Yu et al., "Language Models are Super Mario", arXiv 2311.03099).</summary>
internal sealed class RandomDrop : Sparsifier
{
    public override IReadOnlyList<MethodParameter> Parameters { get; } = [RandomStream.Parameter];

    public override bool IsRandom => true;

    public override Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased)
    {
        ulong threshold = (ulong)Math.Round(density * RandomStream.One);
        var filter = new BernoulliMask(RandomStream.Of(question, source), threshold);
        return new KeptByMask(
            new Drawn(density, question.Integer(RandomStream.Parameter.Name, 0)),
            filter,
            isUnbiased && threshold > 0 ? RandomStream.One / threshold : 1);
    }

    private sealed record Drawn(double Density, long Seed)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"density {Density:R}, seed {Seed}");
    }
}
