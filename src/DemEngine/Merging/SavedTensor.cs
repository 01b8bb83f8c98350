using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Merging;

/// <summary>A tensor that lies in memory or in a file, rounded once to the output's type.</summary>
/// <param name="data">Of a floating-point type.</param>
/// <param name="type">The output's.</param>
internal sealed class SavedTensor(ITensorData data, ElementType type) : OutputTensor(data.Spec with { Type = type })
{
    public override IReadOnlyList<StoredTensor> Inputs => [];

    public override string Operation => "copy";

    public override NonFinite Produce(long first, TypedBytes output, TileWorkspace workspace)
    {
        TypedBytes part = data.Read(first, output.Count, workspace.Scratch(output.Count * data.Spec.Type.Size));
        return workspace.Worker.Combine(LinearCombination.BaseAlone, [part], output);
    }
}
