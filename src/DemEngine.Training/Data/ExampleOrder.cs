using DemEngine.Numerics;

namespace DemEngine.Training.Data;

/// <summary>
/// The order in which examples are taken: one permutation after another, each computed from its number alone, so that a run can
/// be continued at any position (Fisher and Yates' shuffle, Knuth, "The Art of Computer Programming", volume 2, algorithm P).
/// </summary>
/// <param name="count">Number of examples.</param>
/// <param name="seed">Random seed of the order.</param>
public sealed class ExampleOrder(int count, long seed)
{
    private const int WordsOfAnEpochBits = 32;

    private readonly Philox _random = new(RandomStreams.Order(seed));
    private readonly int[] _permutation = new int[count];
    private long _epoch = -1;

    /// <summary>Index of the example at a position of the endless sequence.</summary>
    public int this[long place]
    {
        get
        {
            long epoch = Math.DivRem(place, count, out long index);
            if (epoch != _epoch)
                Shuffle(epoch);
            return _permutation[index];
        }
    }

    private void Shuffle(long epoch)
    {
        for (int i = 0; i < _permutation.Length; i++)
            _permutation[i] = i;
        for (int i = _permutation.Length - 1; i > 0; i--)
        {
            ulong word = _random[(epoch << WordsOfAnEpochBits) + i];
            int j = (int)((word * (ulong)(i + 1)) >> 32);
            (_permutation[i], _permutation[j]) = (_permutation[j], _permutation[i]);
        }

        _epoch = epoch;
    }
}
