using System.Diagnostics.CodeAnalysis;

namespace DemEngine.Numerics.Simd;

/// <summary>
/// The few operations that the element codecs and the CPU kernels need, at one vector width, so that each loop is written once.
/// A <typeparamref name="TVector"/> is a register of bits: <see cref="Lanes"/> 32-bit lanes, or half as many doubles.
/// </summary>
/// <typeparam name="TVector">The register type, such as <c>Vector512&lt;uint&gt;</c>.</typeparam>
internal interface IVectorWidth<TVector>
    where TVector : struct
{
    /// <summary>Number of 32-bit lanes.</summary>
    static abstract int Lanes { get; }

    static abstract TVector Broadcast(uint bits);

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

    /// <summary>All bits of a lane set where equal.</summary>
    static abstract TVector Equal(TVector a, TVector b);

    /// <summary>All bits of a lane set where <paramref name="a"/> is less, unsigned.</summary>
    static abstract TVector Less(TVector a, TVector b);

    /// <summary>All bits of a lane set where its top bit is not and another one is.</summary>
    static abstract TVector IsPositive(TVector a);

    /// <summary>Takes <paramref name="yes"/> where the mask's bits are set, else <paramref name="no"/>.</summary>
    static abstract TVector Select(TVector mask, TVector yes, TVector no);

    static abstract bool AnySet(TVector mask);

    /// <summary>The top bit of every lane, that of the first lane lowest.</summary>
    static abstract uint TopBits(TVector a);

    /// <summary>Writes the lanes whose mask is set one after the other; what follows them, up to a whole register, is overwritten.</summary>
    /// <returns>How many there are.</returns>
    static abstract int Compress(TVector a, TVector mask, ref byte destination);

    /// <summary>Whether the top bit of every lane is set.</summary>
    static abstract bool AllNegative(TVector a);

    // ---- 32-bit lanes as binary32 ----

    static abstract TVector AddSingle(TVector a, TVector b);

    static abstract TVector SubtractSingle(TVector a, TVector b);

    static abstract TVector MultiplySingle(TVector a, TVector b);

    static abstract TVector DivideSingle(TVector a, TVector b);

    /// <summary>a·b + c, the product rounded or not.</summary>
    static abstract TVector MultiplyAddSingle(TVector a, TVector b, TVector c);

    // ---- binary64, in two registers of Lanes / 2 each ----

    /// <summary>The lower half of the lanes as doubles, exactly.</summary>
    static abstract TVector WidenLower(TVector singles);

    /// <summary>The upper half of the lanes as doubles, exactly.</summary>
    static abstract TVector WidenUpper(TVector singles);

    /// <summary>Reads half as many binary32 values as there are lanes, as doubles, exactly.</summary>
    static abstract TVector LoadWidened(ref readonly byte source);

    /// <summary>Doubles to binary32, nearest even.</summary>
    static abstract TVector Narrow(TVector lower, TVector upper);

    static abstract TVector AddDouble(TVector a, TVector b);

    static abstract TVector MultiplyDouble(TVector a, TVector b);

    static abstract TVector DivideDouble(TVector a, TVector b);

    /// <summary>All bits of a double set where equal.</summary>
    static abstract TVector EqualDouble(TVector a, TVector b);

    /// <summary>All bits of a double set where <paramref name="a"/> is less; not where either is NaN.</summary>
    static abstract TVector LessDouble(TVector a, TVector b);

    /// <summary>All bits of a double set where <paramref name="a"/> is less or equal; not where either is NaN.</summary>
    static abstract TVector LessOrEqualDouble(TVector a, TVector b);

    /// <summary>The upper half of each double's encoding.</summary>
    static abstract TVector UpperWords(TVector lower, TVector upper);

    /// <summary>a·b + c, the product rounded first.</summary>
    static abstract TVector MultiplyAddRounded(TVector a, TVector b, TVector c);

    /// <summary>a·b + c. Whether the product is rounded first is left to the machine: use it only where a·b is exact.</summary>
    static abstract TVector MultiplyAddExact(TVector a, TVector b, TVector c);

    /// <summary>
    /// Cuts each double to the 24 significant bits of binary32, its last bit set if anything was lost. Rounding the result to 22 bits or
    /// fewer then equals rounding the double itself (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
    /// </summary>
    static abstract TVector RoundToOdd(TVector doubles);

    /// <summary>Whether a double is an infinity or a NaN, in any lane.</summary>
    static abstract bool AnyNonFiniteDouble(TVector doubles);
}
