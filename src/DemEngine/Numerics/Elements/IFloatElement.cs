using DemEngine.Numerics.Simd;

namespace DemEngine.Numerics.Elements;

/// <summary>
/// Codec of one floating-point element type. It reads exactly and writes with one rounding (nearest, ties to even), one element
/// or one vector at a time, and both ways give the same bits. A type with fewer exponent bits than binary32 is a line in
/// <see cref="SmallFloatFormats"/>, any other one a new implementation and its line in <see cref="FloatElements"/>.
/// </summary>
internal interface IFloatElement
{
    static abstract ElementType Type { get; }

    /// <summary>Size of an element in bytes.</summary>
    static abstract int Size { get; }

    /// <summary>
    /// Whether every value of the type is a binary32 value. The product of two such values is exact in double, so that a fused
    /// multiply-add gives the same bits as a multiplication and an addition.
    /// </summary>
    static abstract bool FitsSingle { get; }

    /// <summary>Reads one value, exactly.</summary>
    static abstract double Read(ref readonly byte source);

    /// <summary>Writes the nearest value of the type; a NaN is written as the type's canonical quiet NaN.</summary>
    /// <returns>Whether the written value is finite.</returns>
    static abstract bool Write(double value, ref byte destination);

    /// <summary>Reads <c>TWidth.Lanes</c> values as doubles, exactly.</summary>
    static abstract void Load<TWidth, TVector>(ref readonly byte source, out TVector lower, out TVector upper)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct;

    /// <summary>Writes <c>TWidth.Lanes</c> values.</summary>
    /// <returns>
    /// True if the lanes have to be written again one at a time: a result is not finite, or lies where vectors do not round
    /// correctly.
    /// </returns>
    static abstract bool Store<TWidth, TVector>(TVector lower, TVector upper, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct;

    /// <summary>Reads <c>TWidth.Lanes</c> values as binary32, exactly. Supported only where <see cref="FitsSingle"/>.</summary>
    static virtual TVector LoadSingles<TWidth, TVector>(ref readonly byte source)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();

    /// <summary>
    /// Reads twice <c>TWidth.Lanes</c> values as binary32, those at even places separately from those at odd places, so that no
    /// lane has to move. Supported only where <see cref="CanRoundApproximations"/>.
    /// </summary>
    static virtual void LoadInterleaved<TWidth, TVector>(ref readonly byte source, out TVector even, out TVector odd)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();

    /// <summary>
    /// Whether <see cref="RoundApproximation"/> is supported: the type is so narrow that binary32 arithmetic mostly decides the
    /// result.
    /// </summary>
    static virtual bool CanRoundApproximations => false;

    /// <summary>
    /// Rounds sums that are not known exactly. This method and those that follow are supported only where
    /// <see cref="CanRoundApproximations"/>.
    /// </summary>
    /// <param name="singles">The approximate sums, which may be any values.</param>
    /// <param name="bound">The maximum error of each sum, as binary32.</param>
    /// <param name="decided">
    /// Receives masks with the top bit set where every value within the error rounds to the same finite result.
    /// </param>
    /// <returns>The rounded sums, in a form for <see cref="StoreRounded"/> and <see cref="StoreInterleaved"/>.</returns>
    static virtual TVector RoundApproximation<TWidth, TVector>(TVector singles, TVector bound, out TVector decided)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();

    /// <summary>Writes <c>TWidth.Lanes</c> rounded sums.</summary>
    static virtual void StoreRounded<TWidth, TVector>(TVector rounded, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();

    /// <summary>
    /// Writes twice <c>TWidth.Lanes</c> rounded sums, to the places that <see cref="LoadInterleaved"/> reads from.
    /// </summary>
    static virtual void StoreInterleaved<TWidth, TVector>(TVector even, TVector odd, ref byte destination)
        where TWidth : IVectorWidth<TVector>
        where TVector : struct => throw new NotSupportedException();
}
