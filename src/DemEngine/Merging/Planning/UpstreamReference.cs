using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>A tensor of an earlier recipe's result, as the models of a later one are matched: before any parameter is known.</summary>
/// <param name="spec">The tensor.</param>
/// <param name="stage">The earlier recipe's name.</param>
/// <param name="plan">Plans it, once the parameters are known, from results of recipes that are earlier still.</param>
internal sealed class UpstreamReference(TensorSpec spec, string stage, Func<UpstreamTensors, OutputTensor> plan) : TensorReader(spec)
{
    /// <summary>The earlier recipe's name.</summary>
    public string Stage { get; } = stage;

    public override bool IsCopied => true;

    /// <summary>Plans the tensor.</summary>
    /// <param name="results">The results that it may be made from.</param>
    public OutputTensor Plan(UpstreamTensors results) => plan(results);

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context) => throw Unknown();

    public override void WillNeed(long first, long count) => throw Unknown();

    private InvalidOperationException Unknown() => new($"{Spec.Name}: read before its parameters are known");
}
