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
/// A tensor of roughly normal random numbers: mean + scale·z, or base + scale·z. Each z is the standardised sum of the four bytes
/// of one Philox word, so that any part of the tensor can be computed by itself.
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

    /// <param name="spec">Specification of the output tensor.</param>
    /// <param name="seed">Random seed; together with the tensor's name it selects the random stream.</param>
    /// <param name="baseTensor">Tensor that the random numbers are added to; null to add them to the mean.</param>
    /// <param name="mean">Mean of the numbers, if there is no base tensor.</param>
    /// <param name="scale">Standard deviation of the random numbers that are added.</param>
    public SyntheticTensor(TensorSpec spec, long seed, TensorReader? baseTensor, float mean, float scale)
        : base(spec)
    {
        // The stream differs from the base's, or a difference with the base's seed would be proportional to the base.
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
        // The numbers replace the words in the same memory: a word is as long as a binary32.
        var numbers = new TypedBytes(ElementType.F32, workspace.Scratch(output.Count * sizeof(float)));
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(numbers.Bytes.Span);
        _random.Fill(first, words);

        float mean = _base is null ? _mean : 0;
        float scale = _scale / ByteSumDeviation;
        Standardise(words, mean - (scale * ByteSumMean), scale);
        return _base is null
            ? workspace.Worker.Combine(LinearCombination.BaseAlone, [numbers], output)
            : workspace.Worker.Combine(
                LinearCombination.BaseAndDifference, [workspace.Read(_base, first, output.Count), numbers], output);
    }

    /// <summary>
    /// Converts random words to offset + factor · (sum of the word's bytes), in place, as the bits of binary32 numbers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Standardise(Span<uint> words, float offset, float factor)
    {
        var bytes = new Vector<uint>(0x00FF_00FF);
        Span<Vector<uint>> vectors = MemoryMarshal.Cast<uint, Vector<uint>>(words);
        for (int i = 0; i < vectors.Length; i++)
        {
            Vector<uint> pairs = (vectors[i] & bytes) + ((vectors[i] >>> 8) & bytes);
            Vector<uint> sum = (pairs + (pairs >>> 16)) & new Vector<uint>(0xFFFF);
            vectors[i] = Vector.AsVectorUInt32(
                new Vector<float>(offset) + (factor * Vector.ConvertToSingle(Vector.AsVectorInt32(sum))));
        }

        for (int i = vectors.Length * Vector<uint>.Count; i < words.Length; i++)
        {
            uint pairs = (words[i] & 0x00FF_00FF) + ((words[i] >> 8) & 0x00FF_00FF);
            words[i] = BitConverter.SingleToUInt32Bits(offset + (factor * ((pairs + (pairs >> 16)) & 0xFFFF)));
        }
    }
}
