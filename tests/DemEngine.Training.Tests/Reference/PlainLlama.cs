using DemEngine.Evaluation.Language;

namespace DemEngine.Training.Tests.Reference;

/// <summary>
/// The Llama forward pass once more, in double and position by position, written from the papers: nothing is fused, no head is grouped
/// with another, every rotation is of one pair.
/// </summary>
internal sealed class PlainLlama(LlamaConfig config, Dictionary<string, double[]> weights)
{
    /// <returns>For each position the scores of the next token.</returns>
    public double[][] Logits(int[] tokens)
    {
        double[][] stream = [.. tokens.Select(token => Row(weights[LlamaTensors.Embedding], token, config.HiddenSize))];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            double[][] normalised = [.. stream.Select(x => Normalise(x, weights[LlamaTensors.AttentionNorm(layer)]))];
            double[][] attention = Attend(normalised, layer);
            stream = [.. stream.Zip(attention, Add)];
            double[][] mlp = [.. stream.Select(x => Mlp(Normalise(x, weights[LlamaTensors.MlpNorm(layer)]), layer))];
            stream = [.. stream.Zip(mlp, Add)];
        }

        string head = config.TieEmbeddings ? LlamaTensors.Embedding : LlamaTensors.Head;
        return [.. stream.Select(x => Multiply(weights[head], Normalise(x, weights[LlamaTensors.Norm])))];
    }

    /// <returns>Σ −log p over the targets.</returns>
    public double Loss(Example example)
    {
        double[][] logits = Logits([.. example.Tokens.Take(example.Tokens.Length - 1)]);
        double sum = 0;
        foreach (int t in example.TargetPositions)
        {
            double largest = logits[t - 1].Max();
            sum += largest + Math.Log(logits[t - 1].Sum(x => Math.Exp(x - largest))) - logits[t - 1][example.Tokens[t]];
        }

        return sum;
    }

    private double[][] Attend(double[][] x, int layer)
    {
        double[][] queries = [.. x.Select((row, t) => Rotate(HeadNorms(Project(LlamaTensors.Query(layer), row), LlamaTensors.QueryNorm(layer)), t))];
        double[][] keys = [.. x.Select((row, t) => Rotate(HeadNorms(Project(LlamaTensors.Key(layer), row), LlamaTensors.KeyNorm(layer)), t))];
        double[][] values = [.. x.Select(row => Project(LlamaTensors.Value(layer), row))];
        var result = new double[x.Length][];
        int size = config.HeadSize;
        for (int t = 0; t < x.Length; t++)
        {
            double[] heads = new double[config.QueryRows];
            for (int head = 0; head < config.AttentionHeads; head++)
            {
                int shared = head * config.KeyValueHeads / config.AttentionHeads;
                int from = Math.Max(0, t + 1 - (config.Window ?? int.MaxValue));
                double[] scores = [.. Enumerable.Range(from, t + 1 - from).Select(s =>
                    Enumerable.Range(0, size).Sum(i => queries[t][(head * size) + i] * keys[s][(shared * size) + i]) / Math.Sqrt(size))];
                double[] exponentials = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
                for (int s = from; s <= t; s++)
                {
                    for (int i = 0; i < size; i++)
                        heads[(head * size) + i] += exponentials[s - from] / exponentials.Sum() * values[s][(shared * size) + i];
                }
            }

            result[t] = Multiply(weights[LlamaTensors.Output(layer)], heads);
        }

        return result;
    }

    private double[] Rotate(double[] heads, int position)
    {
        int size = config.HeadSize;
        double[] rotated = new double[heads.Length];
        for (int first = 0; first < heads.Length; first += size)
        {
            for (int i = 0; i < size / 2; i++)
            {
                double frequency = 1 / Math.Pow(config.RopeTheta, 2.0 * i / size);
                double angle = position * (config.Scaling?.Of(frequency) ?? frequency);
                var (a, b) = (heads[first + i], heads[first + i + (size / 2)]);
                rotated[first + i] = (a * Math.Cos(angle)) - (b * Math.Sin(angle));
                rotated[first + i + (size / 2)] = (a * Math.Sin(angle)) + (b * Math.Cos(angle));
            }
        }

        return rotated;
    }

    private double[] Project(string matrix, double[] x)
    {
        double[] y = Multiply(weights[matrix], x);
        return config.HasBiases ? Add(y, weights[matrix.Replace(".weight", ".bias")]) : y;
    }

    private double[] HeadNorms(double[] heads, string name) =>
        config.HasHeadNorms ? [.. heads.Chunk(config.HeadSize).SelectMany(head => Normalise(head, weights[name]))] : heads;

    private double[] Mlp(double[] x, int layer)
    {
        double[] gate = Multiply(weights[LlamaTensors.Gate(layer)], x);
        double[] up = Multiply(weights[LlamaTensors.Up(layer)], x);
        return Multiply(weights[LlamaTensors.Down(layer)], [.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)]);
    }

    private double[] Normalise(double[] x, double[] weight)
    {
        double root = Math.Sqrt((x.Sum(value => value * value) / x.Length) + config.RmsNormEpsilon);
        return [.. x.Zip(weight, (value, w) => value / root * w)];
    }

    private static double[] Multiply(double[] matrix, double[] x)
    {
        double[] y = new double[matrix.Length / x.Length];
        for (int row = 0; row < y.Length; row++)
        {
            for (int column = 0; column < x.Length; column++)
                y[row] += matrix[(row * x.Length) + column] * x[column];
        }

        return y;
    }

    private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    private static double[] Row(double[] matrix, int row, int columns) => matrix[(row * columns)..((row + 1) * columns)];
}
