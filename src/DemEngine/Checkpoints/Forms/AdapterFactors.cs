using System.Buffers;
using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace DemEngine.Checkpoints.Forms;

/// <summary>
/// Recognises adapters, whose tensors are the factors of a change and not weights: LoRA and its relatives as PEFT, diffusers,
/// kohya-ss and LyCORIS name them.
/// </summary>
internal static partial class AdapterFactors
{
    private static readonly SearchValues<string> Words = SearchValues.Create(
        ["lora_", "hada_w", "lokr_w", "oft_", "ia3_l", "vera_lambda", "prompt_embeddings", "dora_scale"],
        StringComparison.Ordinal);

    /// <summary>Finds the factors of an adapter among a checkpoint's tensors.</summary>
    /// <param name="checkpoint">The open checkpoint.</param>
    /// <returns>
    /// Names of the factors, if they make the checkpoint an adapter, or a model whose adapter is not merged into it; else empty.
    /// Architectures that have low-rank factors of their own among many other weights are no adapters.
    /// </returns>
    public static ImmutableArray<string> Find(Checkpoint checkpoint)
    {
        ImmutableArray<string> factors =
            [.. checkpoint.Tensors.Select(tensor => tensor.Spec.Name).Where(IsFactor)];
        bool isUnmerged = factors.Any(name =>
            name.StartsWith("base_model.model.", StringComparison.Ordinal)
            || name.Contains(".default.", StringComparison.Ordinal));
        int others = checkpoint.Tensors.Length - factors.Length;
        return isUnmerged || factors.Length > others || BelongsToAdapter(checkpoint) ? factors : [];
    }

    // Most models have none, and a model can have half a million names.
    private static bool IsFactor(string name) => name.AsSpan().ContainsAny(Words) && Factor().IsMatch(name);

    // A file that PEFT names so is an adapter even where it holds few factors and whole modules beside them.
    private static bool BelongsToAdapter(Checkpoint checkpoint) => checkpoint.Files.Any(file =>
        Path.GetFileName(file).StartsWith("adapter_model", StringComparison.Ordinal));

    [GeneratedRegex(
        @"(^|[._])(lora_(A|B|up|down|mid|embedding_A|embedding_B|magnitude_vector|unet_|te\d?_)|hada_w[12]|lokr_w[12]|"
        + @"oft_(r|blocks|diag)|boft_|ia3_l|vera_lambda|prompt_embeddings|dora_scale|glora_|randlora_)",
        RegexOptions.CultureInvariant)]
    private static partial Regex Factor();
}
