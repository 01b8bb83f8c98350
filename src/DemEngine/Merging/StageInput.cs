using DemEngine.Memory;

namespace DemEngine.Merging;

/// <summary>A tensor of an earlier recipe's result, as the models of a later one are matched: before any parameter is known.</summary>
/// <param name="stage">The earlier recipe.</param>
/// <param name="index">The tensor's place in it.</param>
internal sealed class StageInput(MatchedRecipe stage, int index) : InputTensor(stage.Specs[index])
{
    public MatchedRecipe Stage { get; } = stage;

    public int Index { get; } = index;

    public override bool IsCopied => true;

    public override InputTensor With(StageResults stages) => stages.Of(this);

    public override TypedBytes Read(long first, int count, NativeBytes room, TileWorkspace workspace) => throw Unknown();

    public override void WillNeed(long first, long count) => throw Unknown();

    private InvalidOperationException Unknown() => new($"{Spec.Name}: read before its parameters are known");
}

/// <summary>A tensor of an earlier recipe's result: made, and rounded to its type, whenever a part of it is read.</summary>
internal sealed class ComputedInput(OutputTensor tensor) : InputTensor(tensor.Spec)
{
    public override IReadOnlyList<InputTensor> MadeFrom => tensor.Inputs;

    public override bool IsCopied => true;

    public override TypedBytes Read(long first, int count, NativeBytes room, TileWorkspace workspace)
    {
        var part = new TypedBytes(Spec.Type, room);
        tensor.Produce(first, part, workspace);
        return part;
    }

    public override void WillNeed(long first, long count) => tensor.WillNeed(first, count);
}
