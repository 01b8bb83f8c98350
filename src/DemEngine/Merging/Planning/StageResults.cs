using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>
/// The tensors of earlier recipes' results that one tensor of the output is made from. Each tensor of the output has its own, so that what
/// is measured for it does not wait for another's.
/// </summary>
/// <param name="parameters">Of all recipes.</param>
internal sealed class StageResults(MergeParameters parameters)
{
    private readonly Dictionary<StageInput, ComputedInput> _inputs = [];
    private readonly List<StageTensor> _tensors = [];

    /// <summary>Those planned so far, each after those that it is made from.</summary>
    public IReadOnlyList<StageTensor> Tensors => _tensors;

    /// <summary>The parameters of all recipes.</summary>
    public MergeParameters Parameters { get; } = parameters;

    /// <summary>Puts the tensor of a result in the place of the one that stands for it; any other tensor stays.</summary>
    public InputTensor Resolve(InputTensor tensor) => tensor is StageInput input ? Of(input) : tensor;

    /// <summary>Plans a tensor, unless it is planned already.</summary>
    private ComputedInput Of(StageInput input)
    {
        if (_inputs.TryGetValue(input, out ComputedInput? known))
            return known;

        OutputTensor tensor = input.Plan(this);
        _tensors.Add(new StageTensor(input.Stage, tensor));
        var made = new ComputedInput(tensor);
        _inputs.Add(input, made);
        return made;
    }
}

/// <summary>A tensor of an earlier recipe's result.</summary>
/// <param name="Stage">The recipe's name.</param>
/// <param name="Tensor">The tensor.</param>
internal sealed record StageTensor(string Stage, OutputTensor Tensor);
