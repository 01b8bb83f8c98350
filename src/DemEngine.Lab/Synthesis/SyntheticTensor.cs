using System.IO.Hashing;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using DemEngine.Checkpoints;
using DemEngine.Memory;
using DemEngine.Merging.Inputs;
using DemEngine.Merging.Tensors;
using DemEngine.Numerics;

namespace DemEngine.Lab.Synthesis;

/// <summary>
/// A tensor of roughly normal random numbers: mean + scale·z, or base + scale·z. Each z is the sum of the four bytes of one Philox word,
/// standardised, so that any part of the tensor can be made by itself.
/// </summary>
internal sealed class SyntheticTensor : OutputTensor
{
    // Four bytes add up to 510 on average; the variance of a byte is (256² − 1) / 12.
    private const float ByteSumMean = 510;
    private static readonly float ByteSumDeviation = (float)Math.Sqrt(4 * ((256.0 * 256) - 1) / 12);

    private readonly Philox _random;
    private readonly TensorReader? _base;
    private readonly float _mean;
    private readonly float _scale;

    /// <param name="spec">The output.</param>
    /// <param name="seed">Together with the tensor's name it names the random stream.</param>
    /// <param name="baseTensor">What is added to, if anything.</param>
    /// <param name="mean">What is added to, otherwise.</param>
    /// <param name="scale">Standard deviation of what is added.</param>
    public SyntheticTensor(TensorSpec spec, long seed, TensorReader? baseTensor, float mean, float scale)
        : base(spec)
    {
        // A difference made with the base's seed must not be the base over again.
        string stream = baseTensor is null ? spec.Name : $"difference of {spec.Name}";
        _random = new Philox(XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(stream), seed));
        _base = baseTensor;
        _mean = mean;
        _scale = scale;
        Inputs = baseTensor is null ? [] : [baseTensor];
    }

    public override IReadOnlyList<TensorReader> Inputs { get; }

    public override string Operation => $"{(_base is null ? $"{_mean}" : "b")} + {_scale}·z";

    public override NonFinite Produce(long first, TypedBytes output, ITileContext workspace)
    {
        // Words and then numbers in the same place: a word is as long as a binary32.
        var numbers = new TypedBytes(ElementType.F32, workspace.Scratch(output.Count * sizeof(float)));
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(numbers.Bytes.Span);
        _random.Fill(first, words);

        float mean = _base is null ? _mean : 0;
        float scale = _scale / ByteSumDeviation;
        Standardise(words, mean - (scale * ByteSumMean), scale);
        return _base is null
            ? workspace.Worker.Combine(LinearCombination.BaseAlone, [numbers], output)
            : workspace.Worker.Combine(LinearCombination.BaseAndDifference, [workspace.Read(_base, first, output.Count), numbers], output);
    }

    /// <summary>From random words to offset + factor · (sum of the word's bytes), as the bits of binary32, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Standardise(Span<uint> words, float offset, float factor)
    {
        var bytes = new Vector<uint>(0x00FF_00FF);
        Span<Vector<uint>> vectors = MemoryMarshal.Cast<uint, Vector<uint>>(words);
        for (int i = 0; i < vectors.Length; i++)
        {
            Vector<uint> pairs = (vectors[i] & bytes) + ((vectors[i] >>> 8) & bytes);
            Vector<uint> sum = (pairs + (pairs >>> 16)) & new Vector<uint>(0xFFFF);
            vectors[i] = Vector.AsVectorUInt32(new Vector<float>(offset) + (factor * Vector.ConvertToSingle(Vector.AsVectorInt32(sum))));
        }

        for (int i = vectors.Length * Vector<uint>.Count; i < words.Length; i++)
        {
            uint pairs = (words[i] & 0x00FF_00FF) + ((words[i] >> 8) & 0x00FF_00FF);
            words[i] = BitConverter.SingleToUInt32Bits(offset + (factor * ((pairs + (pairs >> 16)) & 0xFFFF)));
        }
    }
}
