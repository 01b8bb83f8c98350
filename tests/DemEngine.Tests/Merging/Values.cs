using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Merging;

/// <summary>Tensors by their values instead of their bytes.</summary>
internal static class Values
{
    /// <summary>A tensor of the given values, over and over, each rounded to the type.</summary>
    public static (TensorSpec Spec, byte[] Bytes) Tensor(string name, ElementType type, long[] shape, params double[] values) =>
        Tensor(name, type, shape, i => values[i % values.Length]);

    /// <summary>A tensor of normal-sized random values, the same for the same name and seed.</summary>
    public static (TensorSpec Spec, byte[] Bytes) Random(string name, ElementType type, long[] shape, int seed, double scale = 0.02)
    {
        var random = new Random(seed + name.Sum(c => c));
        return Tensor(name, type, shape, _ => 2 * scale * (random.NextDouble() - random.NextDouble()));
    }

    /// <summary>The tensor with every value a little moved, and of another type perhaps.</summary>
    public static (TensorSpec Spec, byte[] Bytes) Moved((TensorSpec Spec, byte[] Bytes) tensor, int seed, ElementType type, double scale = 1e-3)
    {
        if (!tensor.Spec.Type.IsFloat)
            return tensor;

        var random = new Random(seed + tensor.Spec.Name.Sum(c => c));
        double[] values = Of(tensor.Spec.Type, tensor.Bytes);
        return Tensor(
            tensor.Spec.Name, type, [.. tensor.Spec.Shape.Dimensions], i => values[i] + (2 * scale * (random.NextDouble() - random.NextDouble())));
    }

    public static double[] Of(ElementType type, byte[] bytes)
    {
        var element = ReferenceFloat.Of(type);
        return [.. Enumerable.Range(0, bytes.Length / element.Size).Select(i => element.Value(element.Load(bytes, i)))];
    }

    public static (TensorSpec Spec, byte[] Bytes) Tensor(string name, ElementType type, long[] shape, Func<int, double> value)
    {
        var spec = new TensorSpec(name, type, new TensorShape([.. shape]));
        var element = ReferenceFloat.Of(type);
        byte[] bytes = new byte[spec.ByteLength];
        for (int i = 0; i < spec.Shape.ElementCount; i++)
            element.Store(bytes, i, element.Round(value(i)));
        return (spec, bytes);
    }
}
