using DemEngine.Kernels.Elements;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels;

/// <summary>
/// Counts what is not finite: the results, and among the inputs of those results the ones that are not finite themselves. It is rare, so
/// that the inputs are read again rather than kept, and counts are added by atomic operations: a reduction over the thread group
/// (ILGPU.Algorithms has one) gives the same integers, but every launch would pay for it.
/// </summary>
internal static class NonFiniteCount
{
    /// <summary>Leaves out of a group's results what is padding after the last element.</summary>
    /// <param name="nonFinite">Bit k set if result k of the group is not finite.</param>
    /// <param name="elements">Elements in the tensor.</param>
    /// <param name="group">Which eight.</param>
    public static uint WithoutPadding(uint nonFinite, long elements, long group)
    {
        long left = elements - (group * Eight.Count);
        return left < Eight.Count ? nonFinite & ((1u << (int)left) - 1) : nonFinite;
    }

    /// <summary>How many values of an input are not finite where the result is not.</summary>
    /// <param name="memory">The inputs.</param>
    /// <param name="start">Where this one starts, in units of 16 bytes.</param>
    /// <param name="group">Which eight.</param>
    /// <param name="nonFinite">Bit k set if result k is not finite.</param>
    public static uint Inputs<TInput>(ArrayView<Words4> memory, long start, long group, uint nonFinite)
        where TInput : unmanaged, IDeviceElement
    {
        Eight x = TInput.Load(memory, start, group);
        return Hit(x.E0, nonFinite, 0) + Hit(x.E1, nonFinite, 1) + Hit(x.E2, nonFinite, 2) + Hit(x.E3, nonFinite, 3)
            + Hit(x.E4, nonFinite, 4) + Hit(x.E5, nonFinite, 5) + Hit(x.E6, nonFinite, 6) + Hit(x.E7, nonFinite, 7);
    }

    /// <summary>Adds to the launch's counts.</summary>
    /// <param name="counts">Inputs, then outputs.</param>
    /// <param name="inputs">How many inputs.</param>
    /// <param name="nonFinite">A bit for each result that is not finite.</param>
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
