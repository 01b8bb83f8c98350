using DemEngine.Kernels.Elements;
using ILGPU;

namespace DemEngine.Kernels;

/// <summary>Converts a tensor from one element type to another.</summary>
/// <remarks>
/// Arithmetic, element by element: y = x, decoded exactly and rounded once to the output type, nearest even; a NaN becomes the
/// output's canonical one. That is <see cref="CombineKernel"/>'s sum without terms, and without the work that only terms need.
/// Each thread takes groups of eight elements, a grid apart.
/// </remarks>
internal static class ConvertKernel
{
    public static void Run<TInput, TOutput>(
        ArrayView<Words4> input, ArrayView<Words4> output, ArrayView<long> counts, long elements)
        where TInput : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceElement
    {
        long groups = (elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            uint nonFinite = TInput.FitsSingle
                ? TOutput.StoreSingles(TInput.LoadSingles(input, 0, group), output, 0, group)
                : TOutput.Store(TInput.Load(input, 0, group), output, 0, group);
            if (nonFinite != 0)
            {
                nonFinite = NonFiniteCount.WithoutPadding(nonFinite, elements, group);
                if (nonFinite != 0)
                    NonFiniteCount.Add(counts, NonFiniteCount.Inputs<TInput>(input, 0, group, nonFinite), nonFinite);
            }
        }
    }
}
