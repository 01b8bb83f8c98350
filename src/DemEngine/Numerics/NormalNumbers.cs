using System.IO.Hashing;
using System.Text;

namespace DemEngine.Numerics;

/// <summary>
/// A stream of normal random numbers of mean 0 and standard deviation 1, any of which is computed from its index alone. Each is
/// the sum of twelve uniform numbers of 16 bits (Irwin, 1927; Hall, 1927), whose variances add up to one: close to normal within
/// six deviations, with no function in it that would round differently from one machine to another.
/// </summary>
/// <param name="name">Name of the stream.</param>
/// <param name="seed">Seed, which with the name selects the numbers.</param>
internal readonly struct NormalNumbers(string name, long seed)
{
    private const int WordsPerNumber = 6;
    private const int UniformSum = 12 * ushort.MaxValue;

    private readonly Philox _words = new(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name), seed));

    /// <summary>The number at an index.</summary>
    public float this[long index]
    {
        get
        {
            uint sum = 0;
            for (int k = 0; k < WordsPerNumber; k++)
            {
                uint word = _words[(index * WordsPerNumber) + k];
                sum += (word & ushort.MaxValue) + (word >> 16);
            }

            // The sum has 20 bits, so that every step is exact. Half of the largest sum is the mean.
            return ((2f * sum) - UniformSum) / (2f * (ushort.MaxValue + 1));
        }
    }
}
