using DemEngine.Checkpoints;
using DemEngine.Numerics;

namespace DemEngine.Merging.Inputs;

/// <summary>A tensor of a model, with the name that it has in the output.</summary>
internal readonly record struct NamedInput
{
    // A reader, or a stored tensor for which a reader is made whenever one is asked for: most of a plan is decided from names and
    // shapes, and a model may have half a million tensors.
    private readonly object _source;

    /// <param name="name">Name of the tensor in the output.</param>
    /// <param name="tensor">The tensor.</param>
    public NamedInput(string name, TensorReader tensor)
    {
        Name = name;
        _source = tensor;
    }

    /// <summary>Names a stored tensor as it is called in its file.</summary>
    public NamedInput(StoredTensor tensor)
    {
        Name = tensor.Spec.Name;
        _source = tensor;
    }

    /// <summary>Name of the tensor in the output.</summary>
    public string Name { get; init; }

    /// <summary>Name of the tensor in its model, its element type and shape.</summary>
    public TensorSpec Spec => _source is StoredTensor stored ? stored.Spec : ((TensorReader)_source).Spec;

    /// <summary>Element type that the model has the tensor in; see <see cref="TensorReader.ModelType"/>.</summary>
    public ElementType ModelType => _source is StoredTensor stored ? stored.ModelType : ((TensorReader)_source).ModelType;

    /// <summary>Reads the tensor. All readers of one tensor are equal.</summary>
    public TensorReader Tensor => _source is StoredTensor stored ? new StoredTensorReader(stored) : (TensorReader)_source;

    public void Deconstruct(out string name, out TensorSpec spec) => (name, spec) = (Name, Spec);
}
