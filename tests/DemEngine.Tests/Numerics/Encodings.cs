using DemEngine.Numerics;
using DemEngine.Tests.Reference;

namespace DemEngine.Tests.Numerics;

/// <summary>The encodings a type is read from in tests: all, where they can be counted.</summary>
internal static class Encodings
{
    public static ulong[] Of(ElementType type)
    {
        var reference = ReferenceFloat.Of(type);
        if (reference is TableFloat)
            return [.. Enumerable.Range(0, 1 << (8 * reference.Size)).Select(encoding => (ulong)encoding)];

        var random = new Random(3);
        IEnumerable<ulong> sampled = Enumerable.Range(0, 50_000).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue));
        IEnumerable<ulong> small = Enumerable.Range(0, 100).Select(k => (ulong)k);
        IEnumerable<ulong> aroundLargest = Enumerable.Range(-100, 200).Select(k => reference.Largest + (ulong)k);
        ulong all = reference.SignBit | (reference.SignBit - 1);
        return [.. small.Concat(aroundLargest).SelectMany(e => new[] { e, e | reference.SignBit }).Concat(sampled).Select(e => e & all)];
    }
}
