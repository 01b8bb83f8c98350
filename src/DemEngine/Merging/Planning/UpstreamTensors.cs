using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;

namespace DemEngine.Merging.Planning;

/// <summary>
/// The tensors of upstream results that one output tensor is made from. Each output tensor has its own set, so that its
/// statistics need not wait for those of another output tensor.
/// </summary>
/// <param name="parameters">Parameters of all recipes.</param>
internal sealed class UpstreamTensors(MergeParameters parameters)
{
    private Dictionary<UpstreamReference, ComputedTensorReader>? _inputs;
    private List<UpstreamTensor>? _tensors;

    /// <summary>The tensors planned so far, each after those that it is made from.</summary>
    public IReadOnlyList<UpstreamTensor> Tensors => _tensors ?? [];

    /// <summary>The parameters of all recipes.</summary>
    public MergeParameters Parameters { get; } = parameters;

    /// <summary>
    /// Replaces a placeholder by the planned tensor that it stands for; any other tensor is returned unchanged.
    /// </summary>
    public TensorReader Resolve(TensorReader tensor) => tensor is UpstreamReference input ? Of(input) : tensor;

    /// <summary>Plans a tensor unless it is planned already.</summary>
    private ComputedTensorReader Of(UpstreamReference input)
    {
        _inputs ??= [];
        if (_inputs.TryGetValue(input, out ComputedTensorReader? known))
            return known;

        OutputTensor tensor = input.Plan(this);
        (_tensors ??= []).Add(new UpstreamTensor(input.Stage, tensor));
        var made = new ComputedTensorReader(tensor);
        _inputs.Add(input, made);
        return made;
    }
}

/// <summary>A tensor of an upstream recipe's result.</summary>
/// <param name="Stage">Name of the upstream recipe.</param>
/// <param name="Tensor">The planned tensor.</param>
internal sealed record UpstreamTensor(string Stage, OutputTensor Tensor);
