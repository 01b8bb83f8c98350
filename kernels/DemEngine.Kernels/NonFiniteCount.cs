using DemEngine.Kernels.Elements;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels;

/// <summary>
/// Counts the results that are not finite, and the non-finite values among the inputs of those results. Such results are rare, so
/// the inputs are read again rather than kept, and counts are added by atomic operations. A reduction over the thread group
/// (ILGPU.Algorithms has one) gives the same integers, but every launch would pay for it.
/// </summary>
internal static class NonFiniteCount
{
    /// <summary>Clears the bits of a group that belong to padding after the last element.</summary>
    /// <param name="nonFinite">Bit k set if result k of the group is not finite.</param>
    /// <param name="elements">Number of elements in the tensor.</param>
    /// <param name="group">Index of the group of eight elements.</param>
    public static uint WithoutPadding(uint nonFinite, long elements, long group)
    {
        long left = elements - (group * Eight.Count);
        return left < Eight.Count ? nonFinite & ((1u << (int)left) - 1) : nonFinite;
    }

    /// <summary>Counts the values of one input that are not finite where the result is not finite either.</summary>
    /// <param name="memory">Device memory of the inputs.</param>
    /// <param name="start">Start of the input, in units of 16 bytes.</param>
    /// <param name="group">Index of the group of eight elements.</param>
    /// <param name="nonFinite">Bit k set if result k is not finite.</param>
    public static uint Inputs<TInput>(ArrayView<Words4> memory, long start, long group, uint nonFinite)
        where TInput : unmanaged, IDeviceElement
    {
        Eight x = TInput.Load(memory, start, group);
        return Hit(x.E0, nonFinite, 0) + Hit(x.E1, nonFinite, 1) + Hit(x.E2, nonFinite, 2) + Hit(x.E3, nonFinite, 3)
            + Hit(x.E4, nonFinite, 4) + Hit(x.E5, nonFinite, 5) + Hit(x.E6, nonFinite, 6) + Hit(x.E7, nonFinite, 7);
    }

    /// <summary>Adds a group's numbers to the launch's counts.</summary>
    /// <param name="counts">Two counters: non-finite inputs, then non-finite outputs.</param>
    /// <param name="inputs">Number of non-finite inputs to add.</param>
    /// <param name="nonFinite">Mask with one bit set for each result that is not finite.</param>
    public static void Add(ArrayView<long> counts, long inputs, uint nonFinite)
    {
        long outputs = 0;
        for (; nonFinite != 0; nonFinite &= nonFinite - 1)
            outputs++;

        Atomic.Add(ref counts[0], inputs);
        Atomic.Add(ref counts[1], outputs);
    }

    private static uint Hit(double x, uint nonFinite, int element) =>
        Utilities.Select(double.IsNaN(x) | double.IsInfinity(x), (nonFinite >> element) & 1, 0u);
}
