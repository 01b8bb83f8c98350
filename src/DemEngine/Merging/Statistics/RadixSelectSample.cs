using DemEngine.Numerics;

namespace DemEngine.Merging.Statistics;

/// <summary>
/// A sample of a tensor's elements, by which a threshold is guessed. It consists of short pieces, one at a random position in
/// each stretch, since neighbouring elements of a row or a column are alike. A guess only saves a pass and does not affect the
/// result.
/// </summary>
/// <param name="elements">Number of elements in all tensors that are searched together.</param>
internal readonly struct RadixSelectSample(long elements)
{
    /// <summary>Minimum number of elements for which a guess is worthwhile.</summary>
    public const long MinElements = 1 << 19;

    private const int PieceElements = 1024;
    private const long WantedElements = 1 << 16;
    private const long MaxStretch = 64;

    private readonly int _stretch = PieceElements * (int)Math.Clamp(elements / WantedElements, 1, MaxStretch);

    /// <summary>Returns the pieces of the sample that lie in a tile.</summary>
    public IEnumerable<(long First, int Count)> Pieces(long first, int count)
    {
        for (int at = 0; at < count; at += _stretch)
        {
            int room = Math.Min(_stretch, count - at);
            int pieces = Math.Max(1, room / PieceElements);
            int piece = (int)(new Philox(key: 0)[first + at] % (uint)pieces);
            yield return (first + at + (piece * PieceElements), Math.Min(PieceElements, room - (piece * PieceElements)));
        }
    }
}
