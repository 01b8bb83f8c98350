using DemEngine.Kernels.Elements;
using ILGPU;

namespace DemEngine.Kernels;

/// <summary>Parameters of a launch of <see cref="ExtractKernel"/>.</summary>
internal struct ExtractShape
{
    public long Elements;

    /// <summary>
    /// Always 0, which the compiler must not know. ILGPU simplifies x + 0 to x, which is wrong where x is −0.
    /// </summary>
    public double Zero;

    /// <summary>The same in binary32.</summary>
    public float SingleZero;
}

/// <summary>Subtracts a base tensor from a tuned one, of any two element types. The result is a distribution vector.</summary>
/// <remarks>
/// Arithmetic, element by element: d = x − b in double, both decoded exactly, rounded once to the output type, nearest even. The
/// result is that of <see cref="CombineKernel"/>'s sum of the one term 1·(x − b), which starts from 0 and so is never −0; here 0
/// is added at the end. It takes two additions in place of two products and two additions, and the inputs need not share a type.
/// From binary32 to binary32 it is the subtraction of binary32, which rounds the same difference once.
/// Each thread takes groups of eight elements, a grid apart.
/// </remarks>
internal static class ExtractKernel
{
    public static void Run<TBase, TTuned, TOutput>(
        ArrayView<Words4> basis,
        ArrayView<Words4> tuned,
        ArrayView<Words4> output,
        ArrayView<long> counts,
        ExtractShape shape)
        where TBase : unmanaged, IDeviceElement
        where TTuned : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceElement
    {
        long elements = shape.Elements;
        long groups = (elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            uint nonFinite = TBase.FitsSingle && TTuned.FitsSingle && TOutput.IsSingle
                ? Single<TBase, TTuned, TOutput>(basis, tuned, output, shape.SingleZero, group)
                : Double<TBase, TTuned, TOutput>(basis, tuned, output, shape.Zero, group);
            if (nonFinite != 0)
            {
                nonFinite = NonFiniteCount.WithoutPadding(nonFinite, elements, group);
                if (nonFinite != 0)
                {
                    long inputs = NonFiniteCount.Inputs<TBase>(basis, 0, group, nonFinite)
                        + NonFiniteCount.Inputs<TTuned>(tuned, 0, group, nonFinite);
                    NonFiniteCount.Add(counts, inputs, nonFinite);
                }
            }
        }
    }

    private static uint Single<TBase, TTuned, TOutput>(
        ArrayView<Words4> basis, ArrayView<Words4> tuned, ArrayView<Words4> output, float zero, long group)
        where TBase : unmanaged, IDeviceElement
        where TTuned : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceElement
    {
        EightFloats difference = EightFloats.Subtract(TTuned.LoadSingles(tuned, 0, group), TBase.LoadSingles(basis, 0, group));
        return TOutput.StoreSingles(EightFloats.Add(difference, zero), output, 0, group);
    }

    private static uint Double<TBase, TTuned, TOutput>(
        ArrayView<Words4> basis, ArrayView<Words4> tuned, ArrayView<Words4> output, double zero, long group)
        where TBase : unmanaged, IDeviceElement
        where TTuned : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceElement
    {
        Eight difference = Eight.Subtract(TTuned.Load(tuned, 0, group), TBase.Load(basis, 0, group));
        return TOutput.Store(Eight.Add(difference, zero), output, 0, group);
    }
}
