using DemEngine.Memory;
using DemEngine.Numerics;

namespace DemEngine.Backends.Cpu.Linear;

/// <summary>A <see cref="LinearCombination"/> with its inputs, laid out for the loops that read it.</summary>
/// <param name="baseBytes">Elements of the base, if it is used.</param>
/// <param name="usesBase">Whether any part of the sum needs the base.</param>
/// <param name="startsFromBase">Whether the sum starts as b rather than as 0.</param>
/// <param name="terms">Terms in the order in which they are added.</param>
/// <param name="output">Receives the result.</param>
internal readonly ref struct PreparedSum(
    NativeBytes baseBytes, bool usesBase, bool startsFromBase, ReadOnlySpan<PreparedTerm> terms, NativeBytes output)
{
    public readonly NativeBytes Base = baseBytes;
    public readonly bool UsesBase = usesBase;
    public readonly bool StartsFromBase = startsFromBase;
    public readonly ReadOnlySpan<PreparedTerm> Terms = terms;
    public readonly NativeBytes Output = output;
}

/// <summary>Term with its input, and its weight in the forms that the loops broadcast.</summary>
/// <param name="term">Weight and kind of the term.</param>
/// <param name="source">Elements of the term's input.</param>
/// <param name="errorScale">Factor of the term's size, |w·d|, in the error bound of a sum that is computed in binary32.</param>
internal readonly struct PreparedTerm(Term term, NativeBytes source, float errorScale)
{
    public readonly NativeBytes Source = source;
    public readonly double Weight = term.Weight;
    public readonly uint WeightBits = BitConverter.SingleToUInt32Bits(term.Weight);
    public readonly uint ErrorBits = BitConverter.SingleToUInt32Bits(errorScale * Math.Abs(term.Weight));
    public readonly bool IsRelative = term.Kind == TermKind.RelativeToBase;
}
