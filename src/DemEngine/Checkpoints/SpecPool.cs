using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Checkpoints;

/// <summary>
/// Descriptions of the tensors of models that are merged with each other. A tensor that has the same name, type and shape in
/// several of them is described once, and each shape is kept once: most tensors of a model have one of a few.
/// </summary>
internal sealed class SpecPool
{
    private const int Recent = 16;

    private readonly Dictionary<TensorShape, TensorShape> _shapes = [];

    // Shapes at a place that follows from their dimensions, so that mostly none has to be made to be found.
    private readonly TensorShape?[] _recent = new TensorShape?[Recent];
    private TensorSpec?[] _specs = [];

    /// <summary>Names of the tensors.</summary>
    public NamePool Names { get; } = new();

    /// <summary>Returns the shape with the given dimensions; false if its element count overflows 64 bits.</summary>
    public bool TryShape(ReadOnlySpan<long> dimensions, out TensorShape shape)
    {
        ulong place = 0;
        foreach (long dimension in dimensions)
            place = (place * 31) + (ulong)dimension;
        ref TensorShape? recent = ref _recent[(place ^ (place >> 4) ^ (place >> 8)) % Recent];
        shape = recent.GetValueOrDefault();
        if (recent is not null && shape.Dimensions.AsSpan().SequenceEqual(dimensions))
            return true;
        if (!TensorShape.TryCreate([.. dimensions], out shape))
            return false;
        if (_shapes.TryGetValue(shape, out TensorShape known))
            shape = known;
        else
            _shapes.Add(shape, shape);
        recent = shape;
        return true;
    }

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
