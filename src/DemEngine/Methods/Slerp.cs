using DemEngine.Methods.Definition;
using DemEngine.Methods.Geometry;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Spherical linear interpolation from the base (t = 0) to the other model (t = 1): sin((1 − t)·Ω)/sin Ω · b + sin(t·Ω)/sin Ω ·
/// x, with Ω the angle between the two flattened tensors (Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985).
/// Where they are nearly collinear, or one is zero, it is (1 − t)·b + t·x.
/// </summary>
internal sealed class Slerp : IMergeMethod
{
    // The same value as in mergekit.
    private const double NearlyCollinear = 0.9995;

    /// <inheritdoc/>
    public string Name => "slerp";

    /// <inheritdoc/>
    public string Summary => "Along the arc from the base to another model: sin((1−t)Ω)/sin Ω·b + sin(tΩ)/sin Ω·x";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("t", ParameterType.Number, PerModel: false, "how far along the arc, 0 the base, 1 the other model; required"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.First;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, 1);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double t = question.Number("t", null);
        return TensorMerge.FromGram(question, byRow: false, gram =>
        {
            var (ofBase, ofOther) = Arc.At(t, gram.Cosine(0, 1), NearlyCollinear);
            return new LinearCombination(
                startsFromBase: false,
                new Term((float)ofBase, TermKind.Plain),
                new Term((float)ofOther, TermKind.Plain));
        });
    }
}
