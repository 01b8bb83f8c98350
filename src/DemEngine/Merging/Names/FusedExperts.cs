using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Layers;
using DemEngine.Merging.Inputs;
using DemEngine.Numerics;

namespace DemEngine.Merging.Names;

/// <summary>
/// The experts of a layer in one tensor for gates and ups and one for downs: <c>gate_up_proj</c> [experts, 2·inside, hidden] with
/// an expert's gate before its up and <c>down_proj</c> [experts, hidden, inside], or each matrix of both transposed.
/// </summary>
/// <param name="Form">Sizes, and how the matrices lie.</param>
/// <param name="GateUp">Gates and ups.</param>
/// <param name="Down">Downs.</param>
/// <param name="Biases">Biases [experts, 2·inside] and [experts, hidden]; null where there are none.</param>
internal sealed record FusedExperts(
    FusedForm Form, TensorReader GateUp, TensorReader Down, (TensorReader GateUp, TensorReader Down)? Biases)
{
    /// <summary>Finds the experts of a block.</summary>
    /// <param name="model">The model.</param>
    /// <param name="block">Name of the block.</param>
    /// <param name="style">What the model's configuration says.</param>
    /// <returns>Null if there are none, or of other shapes, or if it is not known which columns are gates.</returns>
    public static FusedExperts? Find(InputModel model, string block, ExpertStyle style)
    {
        if (model.Find(block + ExpertNames.Fused.GateUp) is not { } gateUp
            || model.Find(block + ExpertNames.Fused.Down) is not { } down
            || gateUp.Spec.Shape.Dimensions is not [var experts, var first, var second]
            || down.Spec.Shape.Dimensions is not [var others, var outputs, var inputs]
            || experts != others || experts * outputs * inputs == 0
            || gateUp.Spec.Type.Bits % 8 != 0 || down.Spec.Type.Bits % 8 != 0)
            return null;

        // Both cannot hold at once: 2·inside would be hidden and half of it.
        bool isPlain = outputs == second && first == 2 * inputs;
        bool isTransposed = inputs == first && second == 2 * outputs;
        if (!isPlain && (!isTransposed || style.IsInterleaved is null))
            return null;
        var form = isPlain
            ? new FusedForm(experts, inputs, outputs, false, false)
            : new FusedForm(experts, outputs, inputs, true, style.IsInterleaved ?? false);
        TensorReader? ofGateUp = model.Find(block + ExpertNames.FusedBiases.GateUp);
        TensorReader? ofDown = model.Find(block + ExpertNames.FusedBiases.Down);
        if (ofGateUp is null && ofDown is null)
            return new FusedExperts(form, gateUp, down, null);
        return ofGateUp?.Spec.Shape == new TensorShape(experts, 2 * form.Inside) && ofGateUp.Spec.Type.Bits % 8 == 0
            && ofDown?.Spec.Shape == new TensorShape(experts, form.Hidden) && ofDown.Spec.Type.Bits % 8 == 0
            ? new FusedExperts(form, gateUp, down, (ofGateUp, ofDown))
            : null;
    }
}

/// <summary>How the experts of a layer lie in tensors for all of them.</summary>
/// <param name="Experts">Number of experts.</param>
/// <param name="Inside">Width within an expert.</param>
/// <param name="Hidden">Width of the model.</param>
/// <param name="IsTransposed">Whether matrices are [in, out].</param>
/// <param name="IsInterleaved">Whether gates and ups alternate; otherwise all gates come before all ups.</param>
internal sealed record FusedForm(long Experts, long Inside, long Hidden, bool IsTransposed, bool IsInterleaved)
{
    /// <summary>The same experts as most models have them.</summary>
    public FusedForm Plain => this with { IsTransposed = false, IsInterleaved = false };

    /// <summary>Shape of the tensor of gates and ups.</summary>
    public TensorShape OfGateUp =>
        IsTransposed ? new(Experts, Hidden, 2 * Inside) : new(Experts, 2 * Inside, Hidden);

    /// <summary>Shape of the tensor of downs.</summary>
    public TensorShape OfDown => IsTransposed ? new(Experts, Inside, Hidden) : new(Experts, Hidden, Inside);

    /// <summary>Shows gates and ups of this form in the plain one.</summary>
    public TensorReader ToPlainGateUp(TensorReader tensor) => IsTransposed
        ? new TransposedTensor(tensor, tensor.Spec with { Shape = Plain.OfGateUp }, Hidden, 2 * Inside, Apart)
        : tensor;

    /// <summary>Shows gates and ups of the plain form in this one.</summary>
    public TensorReader FromPlainGateUp(TensorReader tensor) => IsTransposed
        ? new TransposedTensor(tensor, tensor.Spec with { Shape = OfGateUp }, 2 * Inside, Hidden, Alternating)
        : tensor;

    /// <summary>Shows downs of this form in the plain one.</summary>
    public TensorReader ToPlainDown(TensorReader tensor) => IsTransposed
        ? new TransposedTensor(tensor, tensor.Spec with { Shape = Plain.OfDown }, Inside, Hidden, HalvesOrder.Kept)
        : tensor;

    /// <summary>Shows downs of the plain form in this one.</summary>
    public TensorReader FromPlainDown(TensorReader tensor) => IsTransposed
        ? new TransposedTensor(tensor, tensor.Spec with { Shape = OfDown }, Hidden, Inside, HalvesOrder.Kept)
        : tensor;

    /// <summary>Shows biases of gates and ups of this form with all gates of an expert before its ups.</summary>
    public TensorReader ToPlainBias(TensorReader tensor) => IsInterleaved
        ? new TransposedTensor(tensor, tensor.Spec, 1, 2 * Inside, Apart)
        : tensor;

    /// <summary>Shows biases with all gates of an expert before its ups as this form has them.</summary>
    public TensorReader FromPlainBias(TensorReader tensor) => IsInterleaved
        ? new TransposedTensor(tensor, tensor.Spec, 2 * Inside, 1, Alternating)
        : tensor;

    private HalvesOrder Apart => IsInterleaved ? HalvesOrder.Apart : HalvesOrder.Kept;

    private HalvesOrder Alternating => IsInterleaved ? HalvesOrder.Alternating : HalvesOrder.Kept;
}
