using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.Methods.Sparsifiers;

/// <summary>Keeps each difference with probability d (Yu et al., "Language Models are Super Mario", arXiv 2311.03099).</summary>
internal sealed class RandomDrop : Sparsifier
{
    public override IReadOnlyList<MethodParameter> Parameters { get; } = [RandomStream.Parameter];

    public override bool IsRandom => true;

    public override string Terms(TensorContext question, double[] densities) =>
        $"{base.Terms(question, densities)}, seed {question.Integer(RandomStream.Parameter.Name, 0)}";

    public override Sparsification Thin(TensorContext question, int source, double density, bool isUnbiased)
    {
        ulong threshold = (ulong)Math.Round(density * RandomStream.One);
        var filter = new BernoulliMask(RandomStream.Of(question, source), threshold);
        return new Sparsification([], _ => filter)
        {
            Correction = isUnbiased && threshold > 0 ? RandomStream.One / threshold : 1,
        };
    }
}
