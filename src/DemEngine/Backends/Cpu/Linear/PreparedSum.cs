using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Backends.Cpu.Linear;

/// <summary>A <see cref="LinearCombination"/> with its inputs, laid out as the loops read it.</summary>
/// <param name="baseBytes">The base's elements, if used.</param>
/// <param name="usesBase">Whether any part of the sum needs the base.</param>
/// <param name="startsFromBase">Whether the sum starts as b rather than as 0.</param>
/// <param name="terms">The terms in order.</param>
/// <param name="output">Where the result goes.</param>
internal readonly ref struct PreparedSum(
    NativeBytes baseBytes, bool usesBase, bool startsFromBase, ReadOnlySpan<PreparedTerm> terms, NativeBytes output)
{
    public readonly NativeBytes Base = baseBytes;
    public readonly bool UsesBase = usesBase;
    public readonly bool StartsFromBase = startsFromBase;
    public readonly ReadOnlySpan<PreparedTerm> Terms = terms;
    public readonly NativeBytes Output = output;
}

/// <summary>A term with its input, its weight in the forms that the loops broadcast.</summary>
/// <param name="term">Weight and kind.</param>
/// <param name="source">Its elements.</param>
/// <param name="errorScale">What the term's size, |w·d|, adds to the bound of the error where the sum is computed in binary32.</param>
internal readonly struct PreparedTerm(Term term, NativeBytes source, float errorScale)
{
    public readonly NativeBytes Source = source;
    public readonly double Weight = term.Weight;
    public readonly uint WeightBits = BitConverter.SingleToUInt32Bits(term.Weight);
    public readonly uint ErrorBits = BitConverter.SingleToUInt32Bits(errorScale * Math.Abs(term.Weight));
    public readonly bool IsRelative = term.Kind == TermKind.RelativeToBase;
}
