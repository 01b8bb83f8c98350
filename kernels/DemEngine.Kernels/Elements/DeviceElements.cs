using DemEngine.Numerics;

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
            ElementType.F16 => visitor.Visit<F16>(),
            ElementType.F8E4M3 => visitor.Visit<F8E4M3>(),
            ElementType.F8E5M2 => visitor.Visit<F8E5M2>(),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a floating-point type"),
        };
}
