using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Pipeline;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Merging.Output;

/// <summary>A plan whose tensors go to a <see cref="IModelSink"/>.</summary>
/// <param name="plan">The plan.</param>
/// <param name="sink">Destination of the tensors.</param>
internal sealed class SinkOutput(OutputPlan plan, IModelSink sink) : IPlannedOutput
{
    private readonly Lock _lock = new();
    private readonly List<NonFiniteTensor> _nonFinite = [];
    private readonly List<string> _warnings = [.. plan.Remarks];
    private readonly List<string> _lost = [];

    public OutputPlan Plan => plan;

    public IReadOnlyList<int> ToMake { get; } = [.. Enumerable.Range(0, plan.Layout.Tensors.Length)];

    /// <summary>Tensors with infinities or NaNs, so far.</summary>
    public IReadOnlyList<NonFiniteTensor> NonFinite => _nonFinite;

    /// <summary>Warnings for the user, so far.</summary>
    public IReadOnlyList<string> Warnings =>
        [.. _warnings.Append(ZeroCheck.Remark([.. _lost.Order(StringComparer.Ordinal)])).OfType<string>()];

    public void Write(PlacedTensor place, long offset, NativeBytes tile) => sink.Write(place.Spec, offset, tile.Span);

    public void Finished(OutputTensor tensor, NonFinite nonFinite)
    {
        lock (_lock)
        {
            if (nonFinite != default)
                _nonFinite.Add(new NonFiniteTensor(tensor.Spec.Name, nonFinite.Inputs, nonFinite.Outputs));
            if (tensor.Remark is { } warning)
                _warnings.Add(warning);
            if (tensor.IsLost)
                _lost.Add(tensor.Spec.Name);
        }
    }
}
