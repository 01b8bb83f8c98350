using DemEngine.Evaluation.Language;

namespace DemEngine.Evaluation.Tests;

/// <summary>
/// The Llama decoder as the papers write it, in double, one position and one head at a time, with nothing remembered between positions.
/// </summary>
/// <param name="config">Its shape.</param>
/// <param name="weights">Row-major, by Hugging Face's names.</param>
internal sealed class ReferenceLlama(LlamaConfig config, IReadOnlyDictionary<string, double[]> weights)
{
    /// <summary>Change of the rotary frequencies, in radians for each position.</summary>
    public Func<double, double> Frequency { get; init; } = frequency => config.Scaling?.Of(frequency) ?? frequency;

    /// <summary>The logits after each token.</summary>
    public double[][] Logits(IReadOnlyList<int> tokens)
    {
        double[][] x = States(tokens)[^1];
        string head = config.TieEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
        return [.. x.Select(row => Apply(head, Norm(row, "model.norm.weight")))];
    }

    /// <summary>The states with which each layer is entered, and those behind the last one: layer, token, element.</summary>
    public double[][][] States(IReadOnlyList<int> tokens)
    {
        var states = new List<double[][]>();
        int hidden = config.HiddenSize;
        double[][] x = [.. tokens.Select(token => weights["model.embed_tokens.weight"][(token * hidden)..((token + 1) * hidden)])];
        for (int layer = 0; layer < config.Layers; layer++)
        {
            states.Add(x);
            string name = $"model.layers.{layer}.";
            double[][] h = [.. x.Select(row => Norm(row, name + "input_layernorm.weight"))];
            x = [.. x.Select((row, t) => Add(row, Apply(name + "self_attn.o_proj.weight", Attention(h, t, name + "self_attn."))))];
            x = [.. x.Select(row => Add(row, Mlp(Norm(row, name + "post_attention_layernorm.weight"), name + "mlp.")))];
        }

        return [.. states, x];
    }

    /// <summary>Sum of ln p over the targets.</summary>
    public double LogLikelihood(Example example)
    {
        double[][] logits = Logits(example.Tokens);
        double sum = 0;
        foreach (int t in example.TargetPositions)
        {
            double[] row = logits[t - 1];
            double top = row.Max();
            sum += row[example.Tokens[t]] - top - Math.Log(row.Sum(value => Math.Exp(value - top)));
        }

        return sum;
    }

    /// <summary>Continues a prompt with the likeliest token, again and again.</summary>
    public int[] Generate(IEnumerable<int> prompt, int count)
    {
        List<int> tokens = [.. prompt];
        int start = tokens.Count;
        for (int k = 0; k < count; k++)
        {
            double[] last = Logits(tokens)[^1];
            tokens.Add(Array.IndexOf(last, last.Max()));
        }

        return [.. tokens[start..]];
    }

    private double[] Attention(double[][] h, int position, string name)
    {
        int size = config.HeadSize;
        var output = new double[config.AttentionHeads * size];
        for (int head = 0; head < config.AttentionHeads; head++)
        {
            int shared = head * config.KeyValueHeads / config.AttentionHeads;
            double[] query = Rotated(HeadNorm(Head(Project(name + "q_proj", h[position]), head), name + "q_norm.weight"), position);
            var scores = new double[position + 1];
            int from = Math.Max(0, position + 1 - (config.Window ?? int.MaxValue));
            Array.Fill(scores, double.NegativeInfinity, 0, from);
            for (int s = from; s <= position; s++)
            {
                double[] key = Rotated(HeadNorm(Head(Project(name + "k_proj", h[s]), shared), name + "k_norm.weight"), s);
                scores[s] = query.Zip(key, (a, b) => a * b).Sum() / Math.Sqrt(size);
            }

            double top = scores.Max();
            double total = scores.Sum(score => Math.Exp(score - top));
            for (int s = 0; s <= position; s++)
            {
                double[] value = Head(Project(name + "v_proj", h[s]), shared);
                for (int i = 0; i < size; i++)
                    output[(head * size) + i] += Math.Exp(scores[s] - top) / total * value[i];
            }
        }

        return output;
    }

    private double[] Head(double[] row, int head) => row[(head * config.HeadSize)..((head + 1) * config.HeadSize)];

    private double[] Rotated(double[] head, int position)
    {
        var turned = new double[head.Length];
        int half = head.Length / 2;
        for (int i = 0; i < half; i++)
        {
            var pair = new System.Numerics.Complex(head[i], head[i + half]);
            pair *= System.Numerics.Complex.FromPolarCoordinates(1, position * Frequency(1 / Math.Pow(config.RopeTheta, (double)i / half)));
            (turned[i], turned[i + half]) = (pair.Real, pair.Imaginary);
        }

        return turned;
    }

    private double[] Mlp(double[] x, string name)
    {
        double[] gate = Apply(name + "gate_proj.weight", x);
        double[] up = Apply(name + "up_proj.weight", x);
        return Apply(name + "down_proj.weight", [.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)]);
    }

    // Qwen2 adds biases to queries, keys and values.
    private double[] Project(string name, double[] x)
    {
        double[] y = Apply(name + ".weight", x);
        return weights.TryGetValue(name + ".bias", out double[]? bias) ? Add(y, bias) : y;
    }

    // Qwen3 normalises each head of queries and keys.
    private double[] HeadNorm(double[] x, string name) => weights.ContainsKey(name) ? Norm(x, name) : x;

    private double[] Norm(double[] x, string name)
    {
        double root = Math.Sqrt(x.Average(value => value * value) + config.RmsNormEpsilon);
        return [.. x.Zip(weights[name], (value, weight) => value / root * weight)];
    }

    private double[] Apply(string name, double[] x)
    {
        double[] matrix = weights[name];
        var y = new double[matrix.Length / x.Length];
        for (int i = 0; i < matrix.Length; i++)
            y[i / x.Length] += matrix[i] * x[i % x.Length];
        return y;
    }

    private static double[] Add(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
