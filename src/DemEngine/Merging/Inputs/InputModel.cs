using System.Collections;
using System.Collections.Immutable;
using DemEngine.Checkpoints;

namespace DemEngine.Merging.Inputs;

/// <summary>The tensors that a merge reads from a model, keyed by their names in the output.</summary>
internal sealed class InputModel
{
    private readonly Dictionary<string, NamedInput>? _byName;
    private readonly Checkpoint? _whole;

    /// <param name="path">Path of the model, for messages.</param>
    /// <param name="tensors">Tensors of the model in order, each name once.</param>
    public InputModel(string path, ImmutableArray<NamedInput> tensors)
    {
        Path = path;
        Tensors = tensors;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>Makes the model of a whole checkpoint.</summary>
    public InputModel(Checkpoint checkpoint)
    {
        Path = checkpoint.Path;
        Tensors = new WholeCheckpoint(checkpoint.Tensors);
        _whole = checkpoint;
    }

    public string Path { get; }

    public IReadOnlyList<NamedInput> Tensors { get; }

    /// <summary>Finds a tensor by its name in the output, or returns null if there is none.</summary>
    public TensorReader? Find(string name) => FindNamed(name)?.Tensor;

    /// <summary>Finds the description of a tensor by its name in the output, or returns null if there is none.</summary>
    public TensorSpec? FindSpec(string name) => FindNamed(name)?.Spec;

    /// <summary>Whether there is a tensor of the given name in the output.</summary>
    public bool Has(string name) => _whole is null ? _byName!.ContainsKey(name) : _whole.IndexOf(name) >= 0;

    private NamedInput? FindNamed(string name)
    {
        if (_whole is null)
            return _byName!.TryGetValue(name, out NamedInput tensor) ? tensor : null;
        int at = _whole.IndexOf(name);
        return at < 0 ? null : Tensors[at];
    }

    /// <summary>The tensors of a checkpoint under their own names, without a list of them beside the checkpoint's.</summary>
    private sealed class WholeCheckpoint(ImmutableArray<StoredTensor> tensors) : IReadOnlyList<NamedInput>
    {
        public int Count => tensors.Length;

        public NamedInput this[int index] => new(tensors[index]);

        public IEnumerator<NamedInput> GetEnumerator()
        {
            foreach (StoredTensor tensor in tensors)
                yield return new NamedInput(tensor);
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
