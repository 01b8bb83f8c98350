using DemEngine.Checkpoints;
using DemEngine.Merging.GgufOutputs;
using DemEngine.Numerics.Quantized.Blocks;

namespace DemEngine.Tests.Quantized;

/// <summary>Blocks that are written for llama.cpp, decoded by a reference that is written apart.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class BlockEncoderTests
{
    private static readonly Dictionary<string, BlockEncoder> Encoders = new[]
    {
        BlockEncoder.Q40, BlockEncoder.Q50, BlockEncoder.Q51, BlockEncoder.Q80, BlockEncoder.Q4K, BlockEncoder.Q5K, BlockEncoder.Q6K,
    }.ToDictionary(encoder => encoder.Name);

    [TestCase("Q4_K", 0.0725, 0.0890)]
    [TestCase("Q5_K", 0.0365, 0.0450)]
    [TestCase("Q6_K", 0.0180, 0.0230)]
    [TestCase("Q5_0", 0.0430, 0.0590)]
    [TestCase("Q5_1", 0.0385, 0.0470)]
    public void Numbers_come_back_within_the_stated_part_of_their_root_mean_square(string name, double ofNormal, double ofHeavyTails)
    {
        var random = new Random(5);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        float[] normal = [.. Enumerable.Range(0, 1 << 16).Select(_ => (float)(0.02 * Normal()))];

        // Student's t with four degrees of freedom.
        float[] heavy = [.. Enumerable.Range(0, 1 << 16).Select(_ => (float)(0.02 * Normal()
            / Math.Sqrt(Enumerable.Range(0, 4).Sum(_ => Math.Pow(Normal(), 2)) / 4)))];
        Assert.That(Error(Encoders[name], normal), Is.LessThan(ofNormal));
        Assert.That(Error(Encoders[name], heavy), Is.LessThan(ofHeavyTails));
    }

    [TestCase("Q4_K", 32, 15, true)]
    [TestCase("Q5_K", 32, 31, true)]
    [TestCase("Q6_K", 16, 31, false)]
    public void The_search_does_better_than_codes_spread_over_the_whole_range(string name, int part, int most, bool isAffine)
    {
        var random = new Random(6);
        float[] values = [.. Enumerable.Range(0, 1 << 14).Select(_ => (float)Math.Pow(random.NextDouble() - 0.5, 3))];
        double spread = 0;
        foreach (float[] one in values.Chunk(part))
        {
            double low = isAffine ? Math.Min(0, one.Min()) : 0;
            double step = isAffine ? (Math.Max(0, one.Max()) - low) / most : one.Max(Math.Abs) / most;
            spread += one.Sum(value => Math.Pow(value - low - (step * Math.Round((value - low) / step)), 2));
        }

        Assert.That(Error(Encoders[name], values), Is.LessThan(Math.Sqrt(spread / values.Sum(value => value * (double)value))));
    }

    [Test]
    public void Blocks_that_are_all_alike_come_back_and_numbers_without_a_scale_become_zero()
    {
        foreach (BlockEncoder encoder in Encoders.Values)
        {
            foreach (float number in new[] { 0f, 1f, -1f, 0.3f, -3e4f, 0.02f })
                Assert.That(
                    Decoded(encoder, [.. Enumerable.Repeat(number, encoder.Elements)]),
                    Is.All.EqualTo(number).Within(Math.Abs(number) / 50), $"{encoder.Name} {number}");
            foreach (float number in new[] { 1e-12f, -1e-25f, float.Epsilon })
                Assert.That(
                    Decoded(encoder, [.. Enumerable.Range(0, encoder.Elements).Select(k => k % 3 * number)]),
                    Is.All.EqualTo(0f).Within(1e-9f), $"{encoder.Name} {number}");
        }
    }

    [Test]
    public void Numbers_that_are_too_large_for_a_scale_are_told()
    {
        foreach (BlockEncoder encoder in Encoders.Values)
        {
            foreach (float number in new[] { 1e9f, -1e9f, 1e30f, -1e30f, float.MaxValue })
            {
                float[] values = new float[encoder.Elements];
                values[7] = number;
                Assert.That(encoder.Encode(values, new byte[encoder.Bytes]), Is.False, $"{encoder.Name} {number}");
            }
        }
    }

    [Test]
    public void What_is_not_finite_makes_its_block_NaN()
    {
        foreach (BlockEncoder encoder in Encoders.Values)
        {
            foreach (float number in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                float[] values = new float[2 * encoder.Elements];
                values[encoder.Elements + 9] = number;
                byte[] blocks = new byte[2 * encoder.Bytes];
                Assert.That(encoder.Encode(values, blocks), Is.True);
                float[] read = Decode(encoder, blocks);
                Assert.That(read[..encoder.Elements], Is.All.EqualTo(0f), encoder.Name);
                Assert.That(read[encoder.Elements..], Is.All.NaN, encoder.Name);
            }
        }
    }

    // What llama-quantize --dry-run lists for a model of 16 layers.
    [TestCase("q4_k_m", "attn_v", "Q6_K Q6_K Q4_K Q4_K Q6_K Q4_K Q4_K Q6_K Q4_K Q4_K Q6_K Q4_K Q4_K Q6_K Q6_K Q6_K")]
    [TestCase("q5_k_m", "ffn_down", "Q6_K Q6_K Q5_K Q5_K Q6_K Q5_K Q5_K Q6_K Q5_K Q5_K Q6_K Q5_K Q5_K Q6_K Q6_K Q6_K")]
    [TestCase("q4_k_s", "attn_v", "Q5_K Q5_K Q5_K Q5_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K")]
    [TestCase("q4_k_s", "ffn_down", "Q5_K Q5_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K Q4_K")]
    public void Tensors_have_the_types_that_llama_cpp_gives_them(string form, string part, string expected)
    {
        string Type(int layer, int columns) => GgufForm.Of(form).TypeOf(
            new TensorShape(8, columns),
            GgufPlace.Of($"blk.{layer}.{part}.weight", isPlain: false, isOutput: false),
            new GgufModelSizes(16, 0, Is70B: false)).Name;
        Assert.That(Enumerable.Range(0, 16).Select(layer => Type(layer, 512)), Is.EqualTo(expected.Split(' ')));
        Assert.That(Type(0, 288), Is.EqualTo(expected.StartsWith("Q6", StringComparison.Ordinal) ? "Q8_0" : "Q5_1"));
        Assert.That(Type(0, 16), Is.EqualTo("F16"));
    }

    private static double Error(BlockEncoder encoder, float[] values) => Math.Sqrt(
        Decoded(encoder, values).Zip(values, (read, value) => Math.Pow(read - value, 2)).Sum()
        / values.Sum(value => value * (double)value));

    private static float[] Decoded(BlockEncoder encoder, float[] values)
    {
        byte[] blocks = new byte[values.Length / encoder.Elements * encoder.Bytes];
        Assert.That(encoder.Encode(values, blocks), Is.True, encoder.Name);
        return Decode(encoder, blocks);
    }

    private static float[] Decode(BlockEncoder encoder, byte[] blocks)
    {
        var reference = BlockReference.All.Single(one => one.Number == encoder.Number);
        Assert.That((reference.Name, reference.Elements, reference.Bytes), Is.EqualTo((encoder.Name, encoder.Elements, encoder.Bytes)));
        return
        [
            .. blocks.Chunk(encoder.Bytes).SelectMany(block =>
                Enumerable.Range(0, encoder.Elements).Select(k => reference.Value(block, k))),
        ];
    }
}
