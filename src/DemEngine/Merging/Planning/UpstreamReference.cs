using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>
/// A placeholder for a tensor of an upstream recipe's result, used to match the models of a later recipe before any parameter is
/// known.
/// </summary>
/// <param name="spec">Specification of the tensor.</param>
/// <param name="stage">Name of the upstream recipe.</param>
/// <param name="plan">
/// Function that plans the tensor once the parameters are known, from results of recipes further upstream.
/// </param>
internal sealed class UpstreamReference(TensorSpec spec, string stage, Func<UpstreamTensors, OutputTensor> plan)
    : TensorReader(spec)
{
    /// <summary>Name of the upstream recipe.</summary>
    public string Stage { get; } = stage;

    public override bool IsCopied => true;

    /// <summary>Plans the tensor.</summary>
    /// <param name="results">Upstream results that it may be made from.</param>
    public OutputTensor Plan(UpstreamTensors results) => plan(results);

    public override TypedBytes Read(long first, int count, NativeBytes room, ITileContext context) => throw Unknown();

    public override void WillNeed(long first, long count) => throw Unknown();

    private InvalidOperationException Unknown() => new($"{Spec.Name}: read before its parameters are known");
}
