using System.Text.RegularExpressions;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>Name of an adapter's tensor, taken apart.</summary>
/// <param name="Module">Path of the module as the adapter has it; of a whole tensor, the tensor's name.</param>
/// <param name="Part">What the tensor is to it.</param>
internal readonly partial record struct AdapterName(string Module, AdapterPart Part)
{
    private const string PeftPrefix = "base_model.model.";

    private static readonly (string Suffix, AdapterPart Part)[] Suffixes =
    [
        (".lora_down.weight", AdapterPart.Down),
        (".lora_up.weight", AdapterPart.Up),
        (".lora_mid.weight", AdapterPart.Middle),
        (".lora.down.weight", AdapterPart.Down),
        (".lora.up.weight", AdapterPart.Up),
        (".lora_linear_layer.down.weight", AdapterPart.Down),
        (".lora_linear_layer.up.weight", AdapterPart.Up),
        ("_lora.down.weight", AdapterPart.Down),
        ("_lora.up.weight", AdapterPart.Up),
        (".token_adapter.trainable_tokens_delta", AdapterPart.TokenRows),
        (".trainable_tokens_delta", AdapterPart.TokenRows),
        (".alpha", AdapterPart.Alpha),
        (".dora_scale", AdapterPart.Lengths),
        (".diff_b", AdapterPart.BiasDifference),
        (".diff", AdapterPart.Difference),
        (".hada_w1_a", AdapterPart.W1Left),
        (".hada_w1_b", AdapterPart.W1Right),
        (".hada_w2_a", AdapterPart.W2Left),
        (".hada_w2_b", AdapterPart.W2Right),
        (".hada_t1", AdapterPart.W1Core),
        (".hada_t2", AdapterPart.W2Core),
        (".lokr_w1", AdapterPart.W1),
        (".lokr_w1_a", AdapterPart.W1Left),
        (".lokr_w1_b", AdapterPart.W1Right),
        (".lokr_w2", AdapterPart.W2),
        (".lokr_w2_a", AdapterPart.W2Left),
        (".lokr_w2_b", AdapterPart.W2Right),
        (".lokr_t2", AdapterPart.W2Core),
    ];

    /// <summary>Takes the name of a tensor apart.</summary>
    /// <param name="name">Name of the tensor in the adapter's file.</param>
    public static AdapterName Parse(string name)
    {
        string rest = name.StartsWith(PeftPrefix, StringComparison.Ordinal) ? name[PeftPrefix.Length..] : name;
        if (PeftFactor().Match(rest) is { Success: true } factor)
        {
            AdapterPart part = (factor.Groups["part"].Value, factor.Groups["kind"].Value) switch
            {
                ("lora_A", "weight") => AdapterPart.Down,
                ("lora_B", "weight") => AdapterPart.Up,
                ("lora_B", "bias") => AdapterPart.UpBias,
                ("lora_embedding_A", _) => AdapterPart.EmbeddingDown,
                ("lora_embedding_B", _) => AdapterPart.EmbeddingUp,
                ("lora_magnitude_vector", _) => AdapterPart.Lengths,
                _ => AdapterPart.Unknown,
            };
            return new AdapterName(factor.Groups["module"].Value, part);
        }

        foreach (var (suffix, part) in Suffixes)
        {
            if (rest.EndsWith(suffix, StringComparison.Ordinal))
                return new AdapterName(
                    rest[..^suffix.Length].Replace(".processor.", ".", StringComparison.Ordinal), part);
        }

        if (OtherKinds().IsMatch(rest))
            return new AdapterName(rest, AdapterPart.Unknown);
        if (rest.Contains(".original_module.", StringComparison.Ordinal) || OfTraining().IsMatch(rest))
            return new AdapterName(rest, AdapterPart.Unused);
        string whole = rest.Replace(".modules_to_save.default.", ".", StringComparison.Ordinal)
            .Replace(".modules_to_save.", ".", StringComparison.Ordinal)
            .Replace(".token_adapter.", ".", StringComparison.Ordinal)
            .Replace(".base_layer.", ".", StringComparison.Ordinal);
        return new AdapterName(whole, AdapterPart.Whole);
    }

    // With or without the name that PEFT gives an adapter in memory.
    [GeneratedRegex(
        @"\A(?<module>.+)\.(?<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
        + @"(\.(?!weight\z|bias\z)[^.]+)?(\.(?<kind>weight|bias))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PeftFactor();

    // What only training needs, such as the projections of VeLoRA and the rows that trained tokens began with.
    [GeneratedRegex(@"\.(lora_velora_\w+|trainable_tokens_original)(\.|\z)", RegexOptions.CultureInvariant)]
    private static partial Regex OfTraining();

    [GeneratedRegex(
        @"(^|[._])(lora_E|lora_ranknum|oft_|boft_|ia3_l|vera_lambda|prompt_embeddings|glora_|randlora_|"
        + @"trainable_tokens_delta|lora_diag|lora_monteclora|hada_|lokr_)",
        RegexOptions.CultureInvariant)]
    private static partial Regex OtherKinds();
}
