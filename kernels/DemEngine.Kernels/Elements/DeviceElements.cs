using DemEngine.Numerics;
using DemEngine.Numerics.Elements;

namespace DemEngine.Kernels.Elements;

/// <summary>Generic code that is run for one element type, chosen at run time.</summary>
/// <typeparam name="TResult">Type of the result.</typeparam>
internal interface IDeviceElementVisitor<out TResult>
{
    TResult Visit<TElement>()
        where TElement : unmanaged, IDeviceElement;
}

/// <summary>Maps an <see cref="ElementType"/> value to the type argument by which a kernel is specialised.</summary>
internal static class DeviceElements
{
    /// <summary>Runs the visitor with the device's representation of <paramref name="type"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not a floating-point type.</exception>
    public static TResult Dispatch<TVisitor, TResult>(ElementType type, TVisitor visitor)
        where TVisitor : IDeviceElementVisitor<TResult> => type switch
        {
            ElementType.F64 => visitor.Visit<F64>(),
            ElementType.F32 => visitor.Visit<F32>(),
            ElementType.BF16 => visitor.Visit<BF16>(),
            _ => SmallFloatFormats.Dispatch<OfFormat<TVisitor, TResult>, TResult>(type, new OfFormat<TVisitor, TResult>(visitor)),
        };

    private readonly struct OfFormat<TVisitor, TResult>(TVisitor visitor) : ISmallFloatVisitor<TResult>
        where TVisitor : IDeviceElementVisitor<TResult>
    {
        public TResult Visit<TFormat>()
            where TFormat : struct, ISmallFloatFormat => visitor.Visit<SmallFloat<TFormat>>();
    }
}
