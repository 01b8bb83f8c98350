using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// Descriptions of the tensors of models that are merged with each other. A tensor that has the same name, type and shape in
/// several of them is described once.
/// </summary>
internal sealed class SpecPool
{
    private TensorSpec?[] _specs = [];

    /// <summary>Names of the tensors.</summary>
    public NamePool Names { get; } = new();

    /// <summary>Returns the description of a tensor.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="type">Type of the elements.</param>
    /// <param name="shape">Shape of the tensor.</param>
    public TensorSpec Of(string name, ElementType type, TensorShape shape)
    {
        int number = Names.NumberOf(name);
        if (number >= _specs.Length)
            Array.Resize(ref _specs, Math.Max(number + 1, _specs.Length * 2));
        ref TensorSpec? known = ref _specs[number];
        if (known is null)
            return known = new TensorSpec(Names[number], type, shape);
        return known.Type == type && known.Shape == shape ? known : new TensorSpec(known.Name, type, shape);
    }
}
