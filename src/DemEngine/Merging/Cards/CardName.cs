using System.Text.RegularExpressions;
using DemEngine.Recipes;

namespace DemEngine.Merging.Cards;

/// <summary>
/// Names of models as a published card gives them: as the recipe has them, but without the folders of the machine that merged.
/// </summary>
internal static partial class CardName
{
    private const string Suffix = ".safetensors";

    // Names of files that say nothing of their model; its folder does.
    private static readonly string[] Usual = [$"model{Suffix}", "pytorch_model.bin"];
    private static readonly char[] Separators = ['/', '\\'];

    /// <summary>Returns the name for a model.</summary>
    /// <param name="written">Name or path of the model as the recipe has it.</param>
    public static string Of(string written)
    {
        if (Cache().Match(written) is { Success: true } cache)
            return cache.Groups["id"].Value.Replace("--", "/", StringComparison.Ordinal);
        if (!Local().IsMatch(written))
            return written;

        string[] parts = [.. written.Split(Separators).Where(part => part.Length > 0 && part is not ("." or ".." or "~"))];
        bool isFileInFolder = parts.Length > 1
            && (Usual.Contains(parts[^1], StringComparer.Ordinal) || parts[^1].EndsWith(".index.json", StringComparison.Ordinal));
        return parts.Length == 0 ? "model" : isFileInFolder ? parts[^2] : parts[^1];
    }

    /// <summary>Returns a recipe's path with the names of its model and its adapter in place of their paths.</summary>
    /// <param name="path">Path as the recipe has it.</param>
    public static ModelPath Of(ModelPath path)
    {
        if (path.Adapted is not { } adapted)
            return path with { Written = Of(path.Written) };
        string lora = Of(path.Lora ?? adapted.Adapter);
        return path with { Written = $"{Of(path.Lora is null ? adapted.Model : path.WrittenModel)}+{lora}", Lora = lora };
    }

    /// <summary>
    /// Returns the name as <c>base_model</c> may have it, which is checked where a card is uploaded; null if it is no id of a
    /// repository.
    /// </summary>
    /// <param name="name">Name from <see cref="Of(string)"/>.</param>
    public static string? RepositoryOf(string name) =>
        Repository().Match(name) is { Success: true } match && !name.EndsWith(Suffix, StringComparison.Ordinal)
            ? match.Groups["id"].Value
            : null;

    // The folders of Hugging Face's cache.
    [GeneratedRegex(@"(\A|[/\\])models--(?<id>[^/\\]+)[/\\]snapshots([/\\]|\z)", RegexOptions.CultureInvariant)]
    private static partial Regex Cache();

    [GeneratedRegex(@"\A([/\\~]|\.{1,2}([/\\]|\z)|[A-Za-z]:)|\\", RegexOptions.CultureInvariant)]
    private static partial Regex Local();

    [GeneratedRegex(
        @"\A(hf://)?(?<id>[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?)(@[A-Za-z0-9_./-]+)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Repository();
}
