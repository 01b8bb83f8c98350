using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>
/// The tensors of earlier recipes' results that one tensor of the output is made from. Each tensor of the output has its own, so that what
/// is measured for it does not wait for another's.
/// </summary>
/// <param name="parameters">Of all recipes.</param>
internal sealed class UpstreamTensors(MergeParameters parameters)
{
    private readonly Dictionary<UpstreamReference, ComputedTensorReader> _inputs = [];
    private readonly List<UpstreamTensor> _tensors = [];

    /// <summary>Those planned so far, each after those that it is made from.</summary>
    public IReadOnlyList<UpstreamTensor> Tensors => _tensors;

    /// <summary>The parameters of all recipes.</summary>
    public MergeParameters Parameters { get; } = parameters;

    /// <summary>Puts the tensor of a result in the place of the one that stands for it; any other tensor stays.</summary>
    public TensorReader Resolve(TensorReader tensor) => tensor is UpstreamReference input ? Of(input) : tensor;

    /// <summary>Plans a tensor, unless it is planned already.</summary>
    private ComputedTensorReader Of(UpstreamReference input)
    {
        if (_inputs.TryGetValue(input, out ComputedTensorReader? known))
            return known;

        OutputTensor tensor = input.Plan(this);
        _tensors.Add(new UpstreamTensor(input.Stage, tensor));
        var made = new ComputedTensorReader(tensor);
        _inputs.Add(input, made);
        return made;
    }
}

/// <summary>A tensor of an earlier recipe's result.</summary>
/// <param name="Stage">The recipe's name.</param>
/// <param name="Tensor">The tensor.</param>
internal sealed record UpstreamTensor(string Stage, OutputTensor Tensor);
