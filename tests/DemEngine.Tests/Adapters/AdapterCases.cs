using DemEngine.Checkpoints;
using DemEngine.Numerics;
using DemEngine.Tests.Merging;

namespace DemEngine.Tests.Adapters;

/// <summary>Adapters in the forms of PEFT, kohya-ss, LyCORIS, ComfyUI and diffusers.</summary>
internal static class AdapterCases
{
    private const string Peft = "base_model.model.";
    private const string Layer = "model.layers.0.self_attn.q_proj";
    private const string UNet = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";

    public static IReadOnlyList<AdapterCase> All { get; } = [.. Cases()];

    private static IEnumerable<AdapterCase> Cases()
    {
        yield return Lora("LoRA", Layer, [70, 45], 8, 16, Config(8, 16));
        yield return Lora("LoRA of rank 1", Layer, [3, 5], 1, 2, Config(1, 2));
        yield return Lora("LoRA of a rank above the matrix's", Layer, [6, 5], 9, 1, Config(9, 1));
        yield return Lora("LoRA wider than a block", Layer, [9, 2500], 64, 32, Config(64, 32));
        yield return Lora("LoRA of factors that are read in parts", Layer, [5, 300], 4000, 8000, Config(4000, 8000));
        yield return Lora("rank-stabilised", Layer, [20, 33], 4, 4 * Math.Sqrt(4), Config(4, 4, "\"use_rslora\": true"));
        yield return Lora("factors in BF16", Layer, [20, 33], 4, 8, Config(4, 8), ElementType.BF16);
        yield return Lora("factors in F16", Layer, [20, 33], 4, 8, Config(4, 8), ElementType.F16);
        yield return Lora("a model in F32", Layer, [20, 33], 4, 8, Config(4, 8), type: ElementType.F32);
        yield return Lora(
            "ranks and alphas by pattern", Layer, [20, 33], 5, 7,
            Config(8, 16, "\"rank_pattern\": {\"v_proj\": 3, \"q_proj\": 5}, \"alpha_pattern\": {\"layers.0.self_attn.q_.*\": 7}"));
        yield return Lora(
            "patterns that look ahead and behind", Layer, [20, 33], 4, 7,
            Config(4, 16, "\"alpha_pattern\": {\"(?!v_)v_proj\": 3, \"(?<=0\\\\.self_attn\\\\.)(?!k_)q_proj\": 7}"));
        yield return Renamed(
            Lora(
                "anchored patterns, and a model with words before", Layer, [20, 33], 4, 7,
                Config(4, 16, "\"alpha_pattern\": {\"^model.layers.0.self_attn.q_proj\": 7}")),
            $"language_model.{Layer}.weight");
        yield return Named(Lora("names with the adapter's", Layer, [20, 33], 4, 8, Config(4, 8)), ".weight", ".default.weight");
        yield return Named(Lora("a model without the first word", "layers.0.q", [20, 33], 4, 8, Config(4, 8)), "layers.0.q", "model.layers.0.q");
        yield return Renamed(Lora("a model with words before", Layer, [20, 33], 4, 8, Config(4, 8)), $"language_model.{Layer}.weight");
        yield return Transposed("a transposed matrix", [20, 33], Config(4, 8));
        yield return Transposed("a square transposed matrix", [20, 20], Config(4, 8, "\"fan_in_fan_out\": true"));
        yield return Embedding();
        yield return SavedEmbedding();
        yield return Convolution();
        yield return Bias();
        yield return Saved("", "");
        yield return Saved("modules_to_save.", " as it lies in memory");
        yield return Dora("DoRA", [20], Config(4, 8, "\"use_dora\": true"), "lora_magnitude_vector");
        yield return Dora("DoRA with a weight", [20], Config(4, 8, "\"use_dora\": true"), "lora_magnitude_vector.weight");

        yield return Dora(
            Transposed("DoRA of a transposed matrix", [20, 33], Config(4, 8, "\"use_dora\": true")), $"{Peft}h.0.attn.c_attn.lora_magnitude_vector", [33]);
        yield return Dora(
            Transposed("DoRA of a square transposed matrix", [20, 20], Config(4, 8, "\"use_dora\": true, \"fan_in_fan_out\": true")),
            $"{Peft}h.0.attn.c_attn.lora_magnitude_vector", [20]);
        yield return Dora(Embedding() with { Form = "DoRA of an embedding" }, $"{Peft}model.embed_tokens.lora_magnitude_vector", [24]);
        yield return Experts("experts as parameters", isTransposed: false, "");
        yield return Experts("experts as parameters, wrapped once more", isTransposed: false, ".base_layer");
        yield return Experts("experts as parameters, stored transposed", isTransposed: true, "");
        yield return Tokens("trained tokens", "token_adapter.", "\"r\": 8, \"trainable_token_indices\": [7, 0]");
        yield return Tokens("trained tokens by module", "token_adapter.", "\"r\": 8, \"trainable_token_indices\": {\"lm_head\": [1], \"embed_tokens\": [7, 0]}");
        yield return Tokens("trained tokens alone", "", "\"peft_type\": \"TRAINABLE_TOKENS\", \"token_indices\": [7, 0]");

        yield return Kohya("one file", UNet, $"lora_unet_{UNet.Replace('.', '_')}", ".lora_down.weight", ".lora_up.weight", 4, 2);
        yield return Kohya("one file without alpha", UNet, $"lora_unet_{UNet.Replace('.', '_')}", ".lora_down.weight", ".lora_up.weight", 4, null);
        yield return Kohya(
            "one file for the original names", "model.diffusion_model.input_blocks.4.1.proj_in", "lora_unet_input_blocks_4_1_proj_in",
            ".lora_down.weight", ".lora_up.weight", 4, 1);
        yield return Kohya("diffusers", UNet, $"unet.{UNet}", ".lora_A.weight", ".lora_B.weight", 4, null);
        AdapterCase stated = Kohya("diffusers with settings in the header", UNet, $"unet.{UNet}", ".lora_A.weight", ".lora_B.weight", 4, null);
        yield return stated with
        {
            Change = Times(stated.Change, 2.5),
            Metadata = new() { ["lora_adapter_metadata"] = """{"unet.r": 4, "unet.lora_alpha": 10, "text_encoder.r": 8, "text_encoder.lora_alpha": 8}""" },
        };
        yield return Kohya("diffusers before PEFT", UNet, $"unet.{UNet}", ".lora.down.weight", ".lora.up.weight", 4, null);
        yield return Kohya(
            "diffusers' attention processors", UNet, $"unet.{UNet[..^5]}.processor.to_q", "_lora.down.weight", "_lora.up.weight", 4, null);
        yield return Kohya(
            "ComfyUI", "double_blocks.0.img_attn.qkv", "diffusion_model.double_blocks.0.img_attn.qkv", ".lora_A.weight", ".lora_B.weight", 4, null);
        yield return LoCon();
        yield return Dora(
            Kohya("lengths of columns in one file", UNet, $"lora_unet_{UNet.Replace('.', '_')}", ".lora_down.weight", ".lora_up.weight", 4, 2),
            $"lora_unet_{UNet.Replace('.', '_')}.dora_scale", [1, 14]);
        yield return LoHa();
        yield return LoHaOfTuckerForm();
        yield return LoKr("LoKr of whole matrices", firstRank: null, secondRank: null, alpha: 3, scale: 1);
        yield return LoKr("LoKr", firstRank: null, secondRank: 2, alpha: 3, scale: 1.5);
        yield return LoKr("LoKr of two products", firstRank: 1, secondRank: 2, alpha: 3, scale: 1.5);
        yield return PeftLoKr(LoKr("LoKr of whole matrices of PEFT", firstRank: null, secondRank: null, alpha: 3, scale: 0.75));
        yield return PeftLoKr(LoKr("LoKr of PEFT", firstRank: null, secondRank: 4, alpha: 3, scale: 0.75));
        yield return Difference("diff", "weight", [6, 5]);
        yield return Difference("diff_b", "bias", [6]);
    }

    private static string Config(int rank, double alpha, string more = "\"bias\": \"none\"") =>
        $$"""{"peft_type": "LORA", "r": {{rank}}, "lora_alpha": {{alpha}}, {{more}}}""";

    private static AdapterCase Lora(
        string form, string module, long[] shape, int rank, double alpha, string config,
        ElementType factors = ElementType.F32, ElementType type = ElementType.BF16)
    {
        var a = Values.Random($"{Peft}{module}.lora_A.weight", factors, [rank, shape[1]], 1, 0.1);
        var b = Values.Random($"{Peft}{module}.lora_B.weight", factors, [shape[0], rank], 2, 0.1);
        return new AdapterCase(form, Model($"{module}.weight", type, shape), [a, b], config, Times(Product(b, a, rank), alpha / rank));
    }

    private static AdapterCase Named(AdapterCase one, string from, string to) => one with
    {
        Factors = [.. one.Factors.Select(factor => (factor.Spec with { Name = factor.Spec.Name.Replace(from, to, StringComparison.Ordinal) }, factor.Bytes))],
    };

    private static AdapterCase Renamed(AdapterCase one, string name) =>
        one with { Target = (one.Target.Spec with { Name = name }, one.Target.Bytes) };

    private static AdapterCase Transposed(string form, long[] shape, string config)
    {
        AdapterCase straight = Lora(form, "h.0.attn.c_attn", [shape[1], shape[0]], 4, 8, config);
        return straight with { Target = Model("h.0.attn.c_attn.weight", ElementType.BF16, shape), Change = Transpose(straight.Change, (int)shape[1], (int)shape[0]) };
    }

    private static AdapterCase Embedding()
    {
        var a = Values.Random($"{Peft}model.embed_tokens.lora_embedding_A", ElementType.F32, [3, 50], 1, 0.1);
        var b = Values.Random($"{Peft}model.embed_tokens.lora_embedding_B", ElementType.F32, [24, 3], 2, 0.1);
        return new AdapterCase(
            "an embedding", Model("model.embed_tokens.weight", ElementType.BF16, [50, 24]), [a, b], Config(3, 6),
            Times(Transpose(Product(b, a, 3), 24, 50), 2));
    }

    // PEFT saves an embedding along with its factors, and they change what is saved.
    private static AdapterCase SavedEmbedding()
    {
        AdapterCase bare = Embedding();
        var saved = Values.Random($"{Peft}model.embed_tokens.base_layer.weight", ElementType.F32, [50, 24], 5, 0.1);
        double[] own = Values.Of(ElementType.F32, saved.Bytes);
        return bare with
        {
            Form = "an embedding that is saved with its factors",
            Factors = [.. bare.Factors, saved],
            Whole = [.. own.Select((w, k) => w + bare.Change[k])],
        };
    }

    private static AdapterCase Convolution()
    {
        var a = Values.Random($"{Peft}conv.lora_A.weight", ElementType.F32, [4, 6, 3, 3], 1, 0.1);
        var b = Values.Random($"{Peft}conv.lora_B.weight", ElementType.F32, [10, 4, 1, 1], 2, 0.1);
        return new AdapterCase(
            "a convolution", Model("conv.weight", ElementType.F16, [10, 6, 3, 3]), [a, b], Config(4, 4), Product(b, a, 4));
    }

    private static AdapterCase Bias()
    {
        var a = Values.Random($"{Peft}{Layer}.lora_A.weight", ElementType.F32, [2, 7], 1, 0);
        var b = Values.Random($"{Peft}{Layer}.lora_B.weight", ElementType.F32, [9, 2], 2, 0);
        var bias = Values.Random($"{Peft}{Layer}.lora_B.bias", ElementType.F32, [9], 3, 0.1);
        return new AdapterCase(
            "a bias of B", Model($"{Layer}.bias", ElementType.BF16, [9]), [a, b, bias], Config(2, 6, "\"lora_bias\": true"),
            Times(Values.Of(ElementType.F32, bias.Bytes), 3));
    }

    private static AdapterCase Saved(string between, string form)
    {
        var saved = Values.Random($"{Peft}lm_head.{between}weight", ElementType.F32, [12, 7], 1);
        return new AdapterCase($"a module that was saved whole{form}", Model("lm_head.weight", ElementType.BF16, [12, 7]), [saved], Config(8, 8), [])
        {
            Whole = Values.Of(ElementType.F32, saved.Bytes),
        };
    }

    private static AdapterCase Dora(string form, long[] shape, string config, string suffix)
    {
        AdapterCase lora = Lora(form, Layer, [20, 33], 4, 8, config);
        var lengths = Values.Tensor($"{Peft}{Layer}.{suffix}", ElementType.F32, shape, k => 0.5 + (0.01 * k));
        return lora with { Factors = [.. lora.Factors, lengths], Lengths = Values.Of(ElementType.F32, lengths.Bytes) };
    }

    private static AdapterCase Dora(AdapterCase bare, string name, long[] shape)
    {
        var lengths = Values.Tensor(name, ElementType.F32, shape, k => 0.5 + (0.01 * k));
        return bare with { Factors = [.. bare.Factors, lengths], Lengths = Values.Of(ElementType.F32, lengths.Bytes), AreLengthsOfColumns = true };
    }

    // A [experts·rank, inputs], expert by expert, and B [outputs, rank·experts], of which an expert has every third column.
    private static AdapterCase Experts(string form, bool isTransposed, string wrapped)
    {
        const int experts = 3, rank = 2, inputs = 7, outputs = 10;
        var a = Values.Random($"{Peft}layers.0.mlp.experts{wrapped}.lora_A.weight", ElementType.BF16, [experts * rank, inputs], 1, 0.1);
        var b = Values.Random($"{Peft}layers.0.mlp.experts{wrapped}.lora_B.weight", ElementType.BF16, [outputs, rank * experts], 2, 0.1);
        double[] down = Values.Of(ElementType.BF16, a.Bytes), up = Values.Of(ElementType.BF16, b.Bytes);
        double[] change = [.. Enumerable.Range(0, experts * outputs * inputs).Select(k =>
        {
            int expert = k / (outputs * inputs), row = k % (outputs * inputs) / (isTransposed ? outputs : inputs), column = k % (isTransposed ? outputs : inputs);
            var (o, i) = isTransposed ? (column, row) : (row, column);
            return 2.5 * Enumerable.Range(0, rank).Sum(p => up[(o * rank * experts) + (p * experts) + expert] * down[(((expert * rank) + p) * inputs) + i]);
        })];
        return new AdapterCase(
            form, Model("layers.0.mlp.experts.gate_up_proj", ElementType.BF16, isTransposed ? [experts, inputs, outputs] : [experts, outputs, inputs]),
            [a, b], Config(rank, 5, "\"target_parameters\": [\"mlp.experts.gate_up_proj\"]"), change);
    }

    private static AdapterCase Tokens(string form, string between, string settings)
    {
        var target = Model("model.embed_tokens.weight", ElementType.BF16, [9, 6]);
        var rows = Values.Random($"{Peft}model.embed_tokens.{between}trainable_tokens_delta", ElementType.F32, [2, 6], 1, 0.1);
        double[] whole = Values.Of(ElementType.BF16, target.Bytes), own = Values.Of(ElementType.F32, rows.Bytes);
        own.AsSpan(0, 6).CopyTo(whole.AsSpan(7 * 6));
        own.AsSpan(6, 6).CopyTo(whole);
        return new AdapterCase(form, target, [rows], $"{{{settings}}}", []) { Whole = whole };
    }

    private static AdapterCase Kohya(string form, string target, string module, string downName, string upName, int rank, double? alpha)
    {
        var down = Values.Random($"{module}{downName}", ElementType.F16, [rank, 14], 1, 0.1);
        var up = Values.Random($"{module}{upName}", ElementType.F16, [18, rank], 2, 0.1);
        var factors = new List<(TensorSpec, byte[])> { down, up };
        if (alpha is { } number)
            factors.Add(Values.Tensor($"{module}.alpha", ElementType.F16, [], number));
        return new AdapterCase(
            form, Model($"{target}.weight", ElementType.F16, [18, 14]), factors, null, Times(Product(up, down, rank), (alpha ?? rank) / rank));
    }

    private static AdapterCase LoCon()
    {
        var down = Values.Random("lora_unet_conv.lora_down.weight", ElementType.F32, [3, 6, 1, 1], 1, 0.2);
        var middle = Values.Random("lora_unet_conv.lora_mid.weight", ElementType.F32, [4, 3, 3, 3], 2, 0.2);
        var up = Values.Random("lora_unet_conv.lora_up.weight", ElementType.F32, [10, 4, 1, 1], 3, 0.2);
        return new AdapterCase(
            "LoCon in Tucker form", Model("conv.weight", ElementType.F16, [10, 6, 3, 3]),
            [down, middle, up, Values.Tensor("lora_unet_conv.alpha", ElementType.F32, [], 2)], null,
            Times(Tucker(Values.Of(ElementType.F32, up.Bytes), middle, down, 10), 0.5));
    }

    private static AdapterCase LoHa()
    {
        var (a, b, c, d) = (
            Values.Random("lora_unet_x.hada_w1_a", ElementType.F32, [8, 2], 1, 0.2), Values.Random("lora_unet_x.hada_w1_b", ElementType.F32, [2, 11], 2, 0.2),
            Values.Random("lora_unet_x.hada_w2_a", ElementType.F32, [8, 2], 3, 0.2), Values.Random("lora_unet_x.hada_w2_b", ElementType.F32, [2, 11], 4, 0.2));
        return new AdapterCase(
            "LoHa", Model("x.weight", ElementType.BF16, [8, 11]), [a, b, c, d, Values.Tensor("lora_unet_x.alpha", ElementType.F32, [], 6)], null,
            Hadamard(Product(a, b, 2), Product(c, d, 2), 3));
    }

    private static AdapterCase LoHaOfTuckerForm()
    {
        var (t1, a, b) = (
            Values.Random("lora_unet_x.hada_t1", ElementType.F32, [2, 2, 3, 3], 1, 0.5), Values.Random("lora_unet_x.hada_w1_a", ElementType.F32, [2, 8], 2, 0.5),
            Values.Random("lora_unet_x.hada_w1_b", ElementType.F32, [2, 5], 3, 0.5));
        var (t2, c, d) = (
            Values.Random("lora_unet_x.hada_t2", ElementType.F32, [2, 2, 3, 3], 4, 0.5), Values.Random("lora_unet_x.hada_w2_a", ElementType.F32, [2, 8], 5, 0.5),
            Values.Random("lora_unet_x.hada_w2_b", ElementType.F32, [2, 5], 6, 0.5));
        double[] Of((TensorSpec Spec, byte[] Bytes) left, (TensorSpec, byte[]) core, (TensorSpec, byte[]) right) =>
            Tucker(Transpose(Values.Of(ElementType.F32, left.Bytes), 2, 8), core, right, 8);
        return new AdapterCase(
            "LoHa in Tucker form", Model("x.weight", ElementType.BF16, [8, 5, 3, 3]), [t1, a, b, t2, c, d], null,
            Hadamard(Of(a, t1, b), Of(c, t2, d), 1));
    }

    private static AdapterCase LoKr(string form, int? firstRank, int? secondRank, double alpha, double scale)
    {
        (IReadOnlyList<(TensorSpec, byte[])> Tensors, double[] Values) Matrix(string name, long rows, long columns, int? rank, int seed)
        {
            if (rank is not { } r)
            {
                var whole = Values.Random($"lycoris_x.lokr_{name}", ElementType.F32, [rows, columns], seed, 0.2);
                return ([whole], Values.Of(ElementType.F32, whole.Bytes));
            }

            var left = Values.Random($"lycoris_x.lokr_{name}_a", ElementType.F32, [rows, r], seed, 0.2);
            var right = Values.Random($"lycoris_x.lokr_{name}_b", ElementType.F32, [r, columns], seed + 1, 0.2);
            return ([left, right], [.. Product(left, right, r).Select(x => (double)(float)x)]);
        }

        var first = Matrix("w1", 2, 3, firstRank, 1);
        var second = Matrix("w2", 4, 5, secondRank, 11);
        double[] change = [.. Enumerable.Range(0, 8 * 15).Select(k =>
        {
            var (row, column) = Math.DivRem(k, 15);
            return scale * first.Values[(row / 4 * 3) + (column / 5)] * second.Values[(row % 4 * 5) + (column % 5)];
        })];
        return new AdapterCase(
            form, Model("x.weight", ElementType.BF16, [8, 15]),
            [.. first.Tensors, .. second.Tensors, Values.Tensor("lycoris_x.alpha", ElementType.F32, [], alpha)], null, change);
    }

    // PEFT states α in its configuration, and divides it by the rank even where no matrix is a product.
    private static AdapterCase PeftLoKr(AdapterCase single) => single with
    {
        Factors =
        [
            .. single.Factors.SkipLast(1).Select(factor => (
                factor.Spec with { Name = factor.Spec.Name.Replace("lycoris_", Peft, StringComparison.Ordinal) }, factor.Bytes)),
        ],
        Config = """{"peft_type": "LOKR", "r": 4, "alpha": 3}""",
    };

    private static AdapterCase Difference(string suffix, string kind, long[] shape)
    {
        var change = Values.Random($"diffusion_model.x.{suffix}", ElementType.F32, shape, 1);
        return new AdapterCase($"a stored difference, {suffix}", Model($"x.{kind}", ElementType.BF16, shape), [change], null, Values.Of(ElementType.F32, change.Bytes));
    }

    private static (TensorSpec Spec, byte[] Bytes) Model(string name, ElementType type, long[] shape) => Values.Random(name, type, shape, 9, 0.1);

    private static double[] Product((TensorSpec Spec, byte[] Bytes) left, (TensorSpec Spec, byte[] Bytes) right, int rank)
    {
        double[] l = Values.Of(left.Spec.Type, left.Bytes), r = Values.Of(right.Spec.Type, right.Bytes);
        int rows = l.Length / rank, columns = r.Length / rank;
        var product = new double[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                for (int k = 0; k < rank; k++)
                    product[(i * columns) + j] += l[(i * rank) + k] * r[(k * columns) + j];
            }
        }

        return product;
    }

    // Σ up[o, p] · float32(Σ core[p, q, t] · down[q, i]) at [o, i, t].
    private static double[] Tucker(double[] up, (TensorSpec Spec, byte[] Bytes) core, (TensorSpec Spec, byte[] Bytes) down, int outputs)
    {
        double[] c = Values.Of(ElementType.F32, core.Bytes), d = Values.Of(ElementType.F32, down.Bytes);
        int ps = (int)core.Spec.Shape.Dimensions[0], qs = (int)core.Spec.Shape.Dimensions[1], window = c.Length / ps / qs, inputs = d.Length / qs;
        var result = new double[outputs * inputs * window];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
            {
                for (int t = 0; t < window; t++)
                {
                    for (int p = 0; p < ps; p++)
                    {
                        double inner = 0;
                        for (int q = 0; q < qs; q++)
                            inner += c[(((p * qs) + q) * window) + t] * d[(q * inputs) + i];
                        result[(((o * inputs) + i) * window) + t] += up[(o * ps) + p] * (float)inner;
                    }
                }
            }
        }

        return result;
    }

    private static double[] Hadamard(double[] a, double[] b, double scale) => [.. a.Zip(b, (x, y) => scale * ((double)(float)x * (float)y))];

    private static double[] Transpose(double[] matrix, int rows, int columns) =>
        [.. Enumerable.Range(0, rows * columns).Select(k => matrix[(k % rows * columns) + (k / rows)])];

    private static double[] Times(double[] numbers, double factor) => [.. numbers.Select(number => number * factor)];
}
