using DemEngine.Kernels.Elements;
using ILGPU;

namespace DemEngine.Kernels;

/// <summary>
/// Parameters of a launch of <see cref="CombineKernel"/>. Tensors lie one after the other, the base first if there is one.
/// </summary>
internal struct CombineShape
{
    public long Elements;

    /// <summary>Distance between the starts of consecutive inputs, in units of 16 bytes.</summary>
    public long Stride;

    public int Terms;

    /// <summary>1 if the first input is the base, else 0.</summary>
    public int UsesBase;

    /// <summary>1 if the sum starts as the base, else 0.</summary>
    public int StartsFromBase;

    /// <summary>
    /// Always 0, which the compiler must not know. See <see cref="Eight.MultiplyAddRounded"/>.
    /// </summary>
    public ulong Zero;

    /// <summary>Factor of |s| in the error bound of a sum s in binary32. See <see cref="SingleCombineKernel"/>.</summary>
    public float ErrorScale;

    /// <summary>1 if <see cref="ExactSingleSum"/> is worth trying, else 0.</summary>
    public int HasShortWeights;
}

/// <summary>Computes a linear combination of tensors, from and to any two element types.</summary>
/// <remarks>
/// Arithmetic, element by element: acc = (double)b or 0; for each term in order acc += (double)w·(double)x and, if relative to
/// the base, acc −= (double)w·(double)b; acc is rounded once to the output type, nearest even. Where the inputs are at most
/// binary32, the products are exact, and a compiler that fuses multiplication and addition changes nothing. For binary64 each
/// product is rounded first, and fusing is prevented. Elements whose result is not finite are counted, and for these the inputs
/// that are not finite. Each thread takes groups of eight elements, a grid apart. Any number of terms is computed in one pass.
/// </remarks>
internal static class CombineKernel
{
    public static void Run<TInput, TOutput>(
        ArrayView<Words4> inputs,
        ArrayView<Words4> output,
        ArrayView<Words4> terms,
        ArrayView<long> counts,
        CombineShape shape)
        where TInput : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceElement
    {
        long groups = (shape.Elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            Eight b = default;
            if (shape.UsesBase != 0)
                b = TInput.Load(inputs, 0, group);

            Eight acc = default;
            if (shape.StartsFromBase != 0)
                acc = b;

            long start = shape.UsesBase * shape.Stride;
            for (int k = 0; k < shape.Terms; k++)
            {
                Words4 term = terms[k];
                double weight = DeviceTerm.Weight(term);
                acc = Add<TInput>(acc, weight, TInput.Load(inputs, start, group), shape.Zero);
                if (DeviceTerm.IsRelative(term))
                    acc = Add<TInput>(acc, -weight, b, shape.Zero);
                start += shape.Stride;
            }

            uint nonFinite = TOutput.Store(acc, output, 0, group);
            if (nonFinite != 0)
                Count<TInput>(inputs, counts, shape, group, nonFinite);
        }
    }

    private static Eight Add<TInput>(Eight sum, double weight, Eight x, ulong zero)
        where TInput : unmanaged, IDeviceElement =>
        TInput.FitsSingle ? Eight.MultiplyAddExact(sum, weight, x) : Eight.MultiplyAddRounded(sum, weight, x, zero);

    /// <summary>Counts the results of a group that are not finite, and the non-finite inputs of these.</summary>
    public static void Count<TInput>(
        ArrayView<Words4> inputs, ArrayView<long> counts, CombineShape shape, long group, uint nonFinite)
        where TInput : unmanaged, IDeviceElement
    {
        nonFinite = NonFiniteCount.WithoutPadding(nonFinite, shape.Elements, group);
        if (nonFinite == 0)
            return;

        long inputsHit = 0;
        long start = 0;
        for (int k = 0; k < shape.Terms + shape.UsesBase; k++)
        {
            inputsHit += NonFiniteCount.Inputs<TInput>(inputs, start, group, nonFinite);
            start += shape.Stride;
        }

        NonFiniteCount.Add(counts, inputsHit, nonFinite);
    }
}
