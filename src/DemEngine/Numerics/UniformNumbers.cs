using System.IO.Hashing;
using System.Text;

namespace DemEngine.Numerics;

/// <summary>A stream of uniform random numbers between −1 and 1, any of which is computed from its index alone.</summary>
/// <param name="name">Name of the stream.</param>
/// <param name="seed">Seed, which with the name selects the numbers.</param>
internal readonly struct UniformNumbers(string name, long seed)
{
    private readonly Philox _words = new(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(name), seed));

    /// <summary>The number at an index: the middle of one of 2³² equal parts of the interval.</summary>
    public double this[long index] => ((2.0 * _words[index]) - uint.MaxValue) / (1L << 32);
}
