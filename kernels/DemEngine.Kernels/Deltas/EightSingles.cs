using DemEngine.Kernels.Elements;
using ILGPU;

namespace DemEngine.Kernels.Deltas;

/// <summary>The bits of eight neighbouring binary32 numbers (the differences of a source), loaded as twice 16 bytes.</summary>
internal struct EightSingles
{
    public Words4 Lower;
    public Words4 Upper;

    /// <summary>Reads a group of eight numbers.</summary>
    /// <param name="memory">Device memory.</param>
    /// <param name="start">Start of the tensor, in units of 16 bytes.</param>
    /// <param name="group">Index of the group of eight elements.</param>
    public static EightSingles Load(ArrayView<Words4> memory, long start, long group) => new()
    {
        Lower = memory[start + (2 * group)],
        Upper = memory[start + (2 * group) + 1],
    };

    /// <summary>Writes a group of eight numbers.</summary>
    public readonly void Store(ArrayView<Words4> memory, long start, long group)
    {
        memory[start + (2 * group)] = Lower;
        memory[start + (2 * group) + 1] = Upper;
    }
}
