using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;
using DemEngine.Recipes.Values;

namespace DemEngine.Methods;

/// <summary>
/// Takes the other model's values where they are within t of the base's, and elsewhere moves by t towards them: b + w·(x − b)
/// with w = min(1, t / |x − b|), which is b plus the difference limited to ±t (alchemonaut, "QuartetAnemoi-70B-t0.0001",
/// huggingface.co).
/// </summary>
internal sealed class NearSwap : IMergeMethod
{
    /// <inheritdoc/>
    public string Name => "nearswap";

    /// <inheritdoc/>
    public string Summary => "The other model's values where they are near the base's, elsewhere a step of t towards them";

    /// <inheritdoc/>
    public IReadOnlyList<MethodParameter> Parameters { get; } =
    [
        new("t", ParameterType.Number, PerModel: false, "how near is near; required"),
    ];

    /// <inheritdoc/>
    public BaseUse Base => BaseUse.Subtracted;

    /// <inheritdoc/>
    public (int Fewest, int Most) Sources => (1, 1);

    /// <inheritdoc/>
    public TensorMerge Define(TensorContext question)
    {
        double t = question.Number("t", null);
        if (t < 0)
            throw question.WrongValue("t", $"t is {t}, and is a distance, 0 or more");

        var deltas = new SparseDeltas([new SparseDelta(question.Kinds[0], new LimitMask((float)t))]);
        return TensorMerge.Of(new DeltaCombination(deltas, [new DeltaWeights(1, 1, 1)], Consensus.Sum));
    }
}
