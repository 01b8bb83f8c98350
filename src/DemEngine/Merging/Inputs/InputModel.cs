using System.Collections.Immutable;
using DemEngine.Checkpoints;

namespace DemEngine.Merging.Inputs;

/// <summary>A tensor of a model, with the name that it has in the output.</summary>
internal readonly record struct NamedInput(string Name, TensorReader Tensor);

/// <summary>The tensors that a merge reads from a model, keyed by their names in the output.</summary>
internal sealed class InputModel
{
    private readonly Dictionary<string, TensorReader>? _byName;
    private readonly Checkpoint? _whole;

    /// <param name="path">Path of the model, for messages.</param>
    /// <param name="tensors">Tensors of the model in order, each name once.</param>
    public InputModel(string path, ImmutableArray<NamedInput> tensors)
    {
        Path = path;
        Tensors = tensors;
        _byName = tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Tensor, StringComparer.Ordinal);
    }

    /// <summary>Makes the model of a whole checkpoint.</summary>
    public InputModel(Checkpoint checkpoint)
    {
        Path = checkpoint.Path;
        Tensors = [.. checkpoint.Tensors.Select(tensor => new NamedInput(tensor.Spec.Name, new StoredTensorReader(tensor)))];
        _whole = checkpoint;
    }

    public string Path { get; }

    public ImmutableArray<NamedInput> Tensors { get; }

    /// <summary>Finds a tensor by its name in the output, or returns null if there is none.</summary>
    public TensorReader? Find(string name)
    {
        if (_whole is null)
            return _byName!.GetValueOrDefault(name);
        int at = _whole.IndexOf(name);
        return at < 0 ? null : Tensors[at].Tensor;
    }
}
