using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace DemEngine.Checkpoints.GgufModels;

/// <summary>A tensor's place in Hugging Face's layout.</summary>
/// <param name="Name">Name; with <c>{0}</c> for the number of the expert where the file has all experts in one tensor.</param>
/// <param name="IsQuery">Whether its rows belong to the heads of queries.</param>
/// <param name="IsKey">Whether its rows belong to the heads of keys.</param>
/// <param name="IsNorm">Whether it is the weight of a norm.</param>
/// <param name="IsStacked">Whether the file's tensor holds all experts of a layer.</param>
/// <param name="IsRouter">Whether it chooses among experts.</param>
internal sealed record GgufName(
    string Name, bool IsQuery = false, bool IsKey = false, bool IsNorm = false, bool IsStacked = false, bool IsRouter = false);

/// <summary>A tensor's place in a GGUF file.</summary>
/// <param name="FileName">Name there.</param>
/// <param name="Place">The place in Hugging Face's layout.</param>
/// <param name="Expert">Number of the expert whose part of the file's tensor it is; null for the whole.</param>
internal sealed record GgufFileName(string FileName, GgufName Place, int? Expert = null);

/// <summary>Translates the names of tensors in GGUF files.</summary>
internal static partial class GgufNames
{
    /// <summary>The embedding in Hugging Face's layout.</summary>
    public const string Embedding = "model.embed_tokens.weight";

    /// <summary>The matrix that gives the logits in Hugging Face's layout, where it is not the embedding.</summary>
    public const string Output = "lm_head.weight";

    private static readonly ImmutableDictionary<string, string> Outer = new Dictionary<string, string>
    {
        ["token_embd"] = "model.embed_tokens",
        ["output"] = "lm_head",
        ["output_norm"] = "model.norm",
    }.ToImmutableDictionary(StringComparer.Ordinal);

    private static readonly ImmutableDictionary<string, string> Inner = new Dictionary<string, string>
    {
        ["attn_q"] = "self_attn.q_proj",
        ["attn_k"] = "self_attn.k_proj",
        ["attn_v"] = "self_attn.v_proj",
        ["attn_output"] = "self_attn.o_proj",
        ["attn_q_norm"] = "self_attn.q_norm",
        ["attn_k_norm"] = "self_attn.k_norm",
        ["ffn_gate"] = "mlp.gate_proj",
        ["ffn_up"] = "mlp.up_proj",
        ["ffn_down"] = "mlp.down_proj",
        ["ffn_gate_shexp"] = "mlp.shared_expert.gate_proj",
        ["ffn_up_shexp"] = "mlp.shared_expert.up_proj",
        ["ffn_down_shexp"] = "mlp.shared_expert.down_proj",
        ["ffn_gate_inp_shexp"] = "mlp.shared_expert_gate",
    }.ToImmutableDictionary(StringComparer.Ordinal);

    /// <summary>
    /// Whether a tensor is computed from the configuration when the model is converted, so that Hugging Face's models have none.
    /// </summary>
    public static bool IsDerived(string name) =>
        name is "rope_freqs.weight" or "rope_factors_long.weight" or "rope_factors_short.weight";

    /// <summary>Translates a name; null if it is not known.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="architecture">Architecture of the model.</param>
    public static GgufName? Translate(string name, GgufArchitecture architecture)
    {
        int dot = name.LastIndexOf('.');
        if (dot < 0 || name[(dot + 1)..] is not ("weight" or "bias"))
            return null;
        string ending = name[dot..];
        string stem = name[..dot];
        if (Outer.TryGetValue(stem, out string? outer))
            return new GgufName($"{outer}{ending}", IsNorm: stem == "output_norm");
        Match block = Block().Match(stem);
        if (!block.Success)
            return null;
        string layer = $"model.layers.{block.Groups[1].Value}.";
        string part = block.Groups[2].Value;
        if (architecture.Norms.TryGetValue(part, out string? norm))
            return new GgufName($"{layer}{norm}{ending}", IsNorm: true);
        if (architecture.Experts is { } experts && ExpertOf(part, experts) is { } expert)
            return expert with { Name = $"{layer}{expert.Name}{ending}" };
        return Inner.TryGetValue(part, out string? inner)
            ? new GgufName(
                $"{layer}{inner}{ending}",
                IsQuery: part == "attn_q",
                IsKey: part == "attn_k",
                IsNorm: part is "attn_q_norm" or "attn_k_norm",
                IsRouter: part == "ffn_gate_inp_shexp")
            : null;
    }

    /// <summary>
    /// Returns the names that a tensor of Hugging Face's layout has in a file: one, two for the gates and ups of all experts of a
    /// layer, or none if it is not known.
    /// </summary>
    /// <param name="name">Name in Hugging Face's layout.</param>
    /// <param name="architecture">Architecture of the model.</param>
    public static ImmutableArray<GgufFileName> InFile(string name, GgufArchitecture architecture)
    {
        if (architecture.Experts is { } experts && ExpertsInFile(name, experts) is { IsEmpty: false } found)
            return found;
        int dot = name.LastIndexOf('.');
        if (dot < 0)
            return [];
        string stem = name[..dot];
        Match layer = Layer().Match(stem);
        string? part = layer.Success
            ? architecture.Norms.Concat(Inner).FirstOrDefault(pair => pair.Value == layer.Groups[2].Value).Key
            : Outer.FirstOrDefault(pair => pair.Value == stem).Key;
        if (part is null)
            return [];
        string fileName = $"{(layer.Success ? $"blk.{layer.Groups[1].Value}." : "")}{part}{name[dot..]}";
        return Translate(fileName, architecture) is { } place && place.Name == name ? [new GgufFileName(fileName, place)] : [];
    }

    private static ImmutableArray<GgufFileName> ExpertsInFile(string name, ExpertNames names)
    {
        Match layer = Layer().Match(name);
        if (!layer.Success)
            return [];
        string part = layer.Groups[2].Value;
        string block = $"blk.{layer.Groups[1].Value}.";
        if (part == $"{names.Module}.{names.Router}.weight")
            return [new GgufFileName($"{block}ffn_gate_inp.weight", new GgufName(name, IsRouter: true))];
        var stacked = new GgufName(name, IsStacked: true);

        // transformers 5 keeps experts together, under the name of the usual module for every architecture.
        foreach (string module in new[] { names.Module, "mlp" })
        {
            switch (part[Math.Min(part.Length, module.Length)..])
            {
                case ".experts.gate_up_proj" when part.StartsWith(module, StringComparison.Ordinal):
                    return [new($"{block}ffn_gate_exps.weight", stacked), new($"{block}ffn_up_exps.weight", stacked)];
                case ".experts.down_proj" when part.StartsWith(module, StringComparison.Ordinal):
                    return [new($"{block}ffn_down_exps.weight", stacked)];
            }
        }

        Match single = SingleExpert().Match(part);
        if (!single.Success || single.Groups[1].Value != names.Module)
            return [];
        string matrix = single.Groups[3].Value;
        string? word = matrix == names.Gate ? "gate" : matrix == names.Up ? "up" : matrix == names.Down ? "down" : null;
        return word is null
            ? []
            : [new($"{block}ffn_{word}_exps.weight", stacked, int.Parse(single.Groups[2].Value, CultureInfo.InvariantCulture))];
    }

    private static GgufName? ExpertOf(string part, ExpertNames names)
    {
        if (part == "ffn_gate_inp")
            return new GgufName($"{names.Module}.{names.Router}", IsRouter: true);
        Match match = Expert().Match(part);
        if (!match.Success)
            return null;
        string which = match.Groups[1].Value switch { "gate" => names.Gate, "up" => names.Up, _ => names.Down };
        string number = match.Groups[2].Value is "_exps" ? "{0}" : match.Groups[2].Value[1..];
        return new GgufName(
            string.Create(CultureInfo.InvariantCulture, $"{names.Module}.experts.{number}.{which}"), IsStacked: number == "{0}");
    }

    [GeneratedRegex(@"\Amodel\.layers\.([0-9]{1,6})\.(.+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();

    [GeneratedRegex(@"\A(.+)\.experts\.([0-9]{1,6})\.([^.]+)\.weight\z", RegexOptions.CultureInvariant)]
    private static partial Regex SingleExpert();

    [GeneratedRegex(@"\Ablk\.([0-9]{1,6})\.(.+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Block();

    [GeneratedRegex(@"\Affn_(gate|up|down)(_exps|\.[0-9]{1,6})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Expert();
}
