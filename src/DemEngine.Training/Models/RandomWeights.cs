using System.Runtime.InteropServices;
using DemEngine.Evaluation.Language;
using DemEngine.Numerics;
using static TorchSharp.torch;

namespace DemEngine.Training.Models;

/// <summary>
/// Draws the initial weights of a new model: normal with mean 0 and variance 2/(5·hidden size) (Nguyen and Salazar, "Transformers
/// without Tears", https://arxiv.org/abs/1910.05895, section 2.2); those that end a branch of the residual stream are divided by
/// √(2·layers) (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section 2.3); weights of
/// normalisations are 1 (0 in Gemma, which adds 1 to them), and biases 0.
/// </summary>
internal static class RandomWeights
{
    private const double WordValues = 4294967296.0;

    /// <summary>Draws weights.</summary>
    /// <param name="config">Configuration of the model.</param>
    /// <param name="layout">Layout of the weights of the configuration.</param>
    /// <param name="seed">Random seed; the same seed gives the same weights.</param>
    /// <returns>
    /// Vector [all weights], binary32, on the processor. The caller disposes it, whatever scope it was made in.
    /// </returns>
    public static Tensor Draw(LlamaConfig config, ParameterLayout layout, long seed)
    {
        Tensor flat = ones(layout.Length, ScalarType.Float32, CPU).DetachFromDisposeScope();
        var random = new Philox(RandomStreams.Weights(seed));
        HashSet<string> ends = [.. Enumerable.Range(0, config.Layers).SelectMany(layer => Ends(config, layer))];
        double deviation = Math.Sqrt(0.4 / config.HiddenSize);
        foreach (PlacedWeight weight in layout.Weights.Where(weight => weight.Offset < layout.MatrixLength))
        {
            using Tensor part = flat.narrow(0, weight.Offset, weight.Shape.ElementCount);
            double scale = ends.Contains(weight.Name) ? deviation / Math.Sqrt(2.0 * config.Layers) : deviation;
            Fill(MemoryMarshal.Cast<byte, float>(part.bytes), weight.Offset, scale, random);
        }

        foreach (PlacedWeight bias in layout.Weights.Where(weight => weight.Offset >= layout.MatrixLength
            && (config.Gemma is not null || weight.Name.EndsWith(".bias", StringComparison.Ordinal))))
        {
            using Tensor part = flat.narrow(0, bias.Offset, bias.Shape.ElementCount);
            part.bytes.Clear();
        }

        return flat;
    }

    private static IEnumerable<string> Ends(LlamaConfig config, int layer) =>
    [
        LlamaTensors.Output(layer),
        LlamaTensors.Down(layer),
        .. Enumerable.Range(0, config.Experts).Select(expert => LlamaTensors.ExpertDown(layer, expert)),
    ];

    /// <summary>
    /// Fills a span by the transformation of Box and Muller, "A note on the generation of random normal deviates", 1958: element
    /// i comes from words 2i and 2i + 1.
    /// </summary>
    private static void Fill(Span<float> numbers, long first, double deviation, Philox random)
    {
        Span<uint> words = stackalloc uint[512];
        for (int start = 0; start < numbers.Length; start += words.Length / 2)
        {
            Span<float> part = numbers.Slice(start, Math.Min(words.Length / 2, numbers.Length - start));
            random.Fill(2 * (first + start), words[..(2 * part.Length)]);
            for (int i = 0; i < part.Length; i++)
            {
                double radius = Math.Sqrt(-2 * Math.Log((words[2 * i] + 1.0) / WordValues));
                part[i] = (float)(deviation * radius * Math.Cos(2 * Math.PI * (words[(2 * i) + 1] / WordValues)));
            }
        }
    }
}
