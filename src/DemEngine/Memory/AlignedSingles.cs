using System.Runtime.InteropServices;

namespace DemEngine.Memory;

/// <summary>
/// Binary32 numbers whose first one begins a cache line, so that no vector of whole lines is loaded or stored in two. They are
/// on the managed heap, where they do not move.
/// </summary>
internal sealed class AlignedSingles
{
    private const int LineBytes = 64;

    private readonly float[] _array;
    private readonly int _first;

    /// <param name="length">Number of numbers, whose values are undefined.</param>
    public AlignedSingles(int length)
    {
        Length = length;
        _array = GC.AllocateUninitializedArray<float>(checked(length + (LineBytes / sizeof(float)) - 1), pinned: true);
        long address = Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0);
        _first = (int)(-address & (LineBytes - 1)) / sizeof(float);
    }

    /// <summary>No numbers.</summary>
    public static AlignedSingles Empty { get; } = new(0);

    /// <summary>Number of numbers.</summary>
    public int Length { get; }

    /// <summary>All numbers.</summary>
    public Span<float> Span => _array.AsSpan(_first, Length);
}
