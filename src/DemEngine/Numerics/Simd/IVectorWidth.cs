using System.Diagnostics.CodeAnalysis;

namespace DemEngine.Numerics.Simd;

/// <summary>
/// Operations that the element codecs and the CPU kernels need, at one vector width, so that each loop is written once. A
/// <typeparamref name="TVector"/> is a register of bits: <see cref="Lanes"/> 32-bit lanes, or half as many doubles.
/// </summary>
/// <typeparam name="TVector">The register type, such as <c>Vector512&lt;uint&gt;</c>.</typeparam>
internal interface IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Number of 32-bit lanes.</summary>
    static abstract int Lanes { get; }

    static abstract TVector Broadcast(uint bits);

    static abstract TVector BroadcastSingle(float value);

    static abstract TVector BroadcastDouble(double value);

    // ---- memory: Lanes elements at a time, unaligned ----

    static abstract TVector LoadBytes(ref readonly byte source);

    static abstract TVector LoadWords(ref readonly byte source);

    static abstract TVector Load(ref readonly byte source);

    static abstract void StoreBytes(TVector value, ref byte destination);

    static abstract void StoreWords(TVector value, ref byte destination);

    static abstract void Store(TVector value, ref byte destination);

    // ---- 32-bit lanes as integers ----

    static abstract TVector And(TVector a, TVector b);

    static abstract TVector Or(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Subtract(TVector a, TVector b);

    static abstract TVector Min(TVector a, TVector b);

    static abstract TVector ShiftLeft(TVector a, [ConstantExpected] int count);

    static abstract TVector ShiftRight(TVector a, [ConstantExpected] int count);

    /// <summary>Sets all bits of a lane where <paramref name="a"/> and <paramref name="b"/> are equal.</summary>
    static abstract TVector Equal(TVector a, TVector b);

    /// <summary>Sets all bits of a lane where <paramref name="a"/> is less than <paramref name="b"/>, unsigned.</summary>
    static abstract TVector Less(TVector a, TVector b);

    /// <summary>Sets all bits of a lane where its top bit is clear and another bit is set.</summary>
    static abstract TVector IsPositive(TVector a);

    /// <summary>
    /// Takes <paramref name="yes"/> where the bits of <paramref name="mask"/> are set, and elsewhere <paramref name="no"/>.
    /// </summary>
    static abstract TVector Select(TVector mask, TVector yes, TVector no);

    static abstract bool AnySet(TVector mask);

    /// <summary>Collects the top bit of every lane, that of the first lane in the lowest bit.</summary>
    static abstract uint TopBits(TVector a);

    /// <summary>
    /// Writes the lanes whose mask is set one after the other. What follows them, up to a whole register, may be overwritten.
    /// </summary>
    /// <returns>Number of lanes whose mask is set.</returns>
    static abstract int Compress(TVector a, TVector mask, ref byte destination);

    /// <summary>Whether the top bit of every lane is set.</summary>
    static abstract bool AllNegative(TVector a);

    // ---- 32-bit lanes as binary32 ----

    static abstract TVector AddSingle(TVector a, TVector b);

    static abstract TVector SubtractSingle(TVector a, TVector b);

    static abstract TVector MultiplySingle(TVector a, TVector b);

    static abstract TVector DivideSingle(TVector a, TVector b);

    /// <summary>Computes a·b + c, where the product may or may not be rounded first.</summary>
    static abstract TVector MultiplyAddSingle(TVector a, TVector b, TVector c);

    // ---- binary64, in two registers of Lanes / 2 each ----

    /// <summary>Converts the lower half of the lanes to doubles, exactly.</summary>
    static abstract TVector WidenLower(TVector singles);

    /// <summary>Converts the upper half of the lanes to doubles, exactly.</summary>
    static abstract TVector WidenUpper(TVector singles);

    /// <summary>Reads half as many binary32 values as there are lanes and converts them to doubles, exactly.</summary>
    static abstract TVector LoadWidened(ref readonly byte source);

    /// <summary>Converts doubles to binary32, rounding to nearest even.</summary>
    static abstract TVector Narrow(TVector lower, TVector upper);

    static abstract TVector AddDouble(TVector a, TVector b);

    static abstract TVector MultiplyDouble(TVector a, TVector b);

    static abstract TVector DivideDouble(TVector a, TVector b);

    /// <summary>Sets all bits of a double where <paramref name="a"/> and <paramref name="b"/> are equal.</summary>
    static abstract TVector EqualDouble(TVector a, TVector b);

    /// <summary>
    /// Sets all bits of a double where <paramref name="a"/> is less than <paramref name="b"/>, and none where either is NaN.
    /// </summary>
    static abstract TVector LessDouble(TVector a, TVector b);

    /// <summary>
    /// Sets all bits of a double where <paramref name="a"/> is less than or equal to <paramref name="b"/>, and none where either
    /// is NaN.
    /// </summary>
    static abstract TVector LessOrEqualDouble(TVector a, TVector b);

    /// <summary>Takes the upper half of each double's encoding.</summary>
    static abstract TVector UpperWords(TVector lower, TVector upper);

    /// <summary>Computes a·b + c with the product rounded first.</summary>
    static abstract TVector MultiplyAddRounded(TVector a, TVector b, TVector c);

    /// <summary>
    /// Computes a·b + c. Whether the product is rounded first depends on the machine, so use this only where a·b is exact.
    /// </summary>
    static abstract TVector MultiplyAddExact(TVector a, TVector b, TVector c);

    /// <summary>
    /// Truncates each double to the 24 significant bits of binary32 and sets its last bit if anything was lost. Rounding the
    /// result to 22 bits or fewer then equals rounding the double itself (Boldo and Melquiond, "Emulation of FMA and correctly
    /// rounded sums", 2008).
    /// </summary>
    static abstract TVector RoundToOdd(TVector doubles);

    /// <summary>Whether the double in any lane is an infinity or a NaN.</summary>
    static abstract bool AnyNonFiniteDouble(TVector doubles);
}
