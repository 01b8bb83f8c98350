namespace DemEngine.Numerics.Elements;

/// <summary>Generic code that is run for one element type, chosen at run time.</summary>
/// <typeparam name="TResult">Type of the result.</typeparam>
internal interface IFloatElementVisitor<out TResult>
    where TResult : allows ref struct
{
    TResult Visit<TElement>()
        where TElement : IFloatElement;
}

/// <summary>Dispatch from an <see cref="ElementType"/> value to the code for that type.</summary>
internal static class FloatElements
{
    /// <summary>Runs the visitor with the implementation of <paramref name="type"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not a floating-point type.</exception>
    public static TResult Dispatch<TVisitor, TResult>(ElementType type, TVisitor visitor)
        where TVisitor : IFloatElementVisitor<TResult>, allows ref struct
        where TResult : allows ref struct => type switch
        {
            ElementType.F64 => visitor.Visit<F64Element>(),
            ElementType.F32 => visitor.Visit<F32Element>(),
            ElementType.BF16 => visitor.Visit<BF16Element>(),
            _ => SmallFloatFormats.Dispatch<OfFormat<TVisitor, TResult>, TResult>(type, new OfFormat<TVisitor, TResult>(visitor)),
        };

    private readonly ref struct OfFormat<TVisitor, TResult>(TVisitor visitor) : ISmallFloatVisitor<TResult>
        where TVisitor : IFloatElementVisitor<TResult>, allows ref struct
        where TResult : allows ref struct
    {
        private readonly TVisitor _visitor = visitor;

        public TResult Visit<TFormat>()
            where TFormat : struct, ISmallFloatFormat => _visitor.Visit<SmallFloatElement<TFormat>>();
    }
}
