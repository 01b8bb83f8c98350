using System.Text.Json.Nodes;
using DemEngine.Files;

namespace DemEngine.Vocabularies;

/// <summary>
/// The sizes of vocabularies that a model's <c>config.json</c> states: that of the language model, and those of parts that have a
/// vocabulary of their own.
/// </summary>
internal sealed class VocabularySizes
{
    /// <summary>Key for the rows of Gemma's embedding for each layer, which can be fewer than those of the others.</summary>
    public const string PerLayerKey = "vocab_size_per_layer_input";

    private const string FileName = "config.json";
    private const string TextKey = "text_vocab_size";
    private const string SectionEnd = "_config";
    private const string SizeEnd = "_vocab_size";

    private static readonly string[] SizeKeys = ["vocab_size", "n_words", "n_vocab", "tgt_vocab_size", "src_vocab_size"];
    private static readonly string[] LanguageSections =
        ["text_config", "llm_config", "language_config", "thinker_config", "text_encoder", "decoder", "encoder", "generator"];

    private static readonly string[] WidthKeys =
    [
        "hidden_size",
        "d_model",
        "n_embd",
        "dim",
        "emb_dim",
        "embedding_size",
        "embedding_dim",
        "d_embed",
        "word_embed_proj_dim",
    ];

    private readonly JsonObject _root;
    private readonly List<(JsonObject Section, string Key, long Size)> _language = [];
    private readonly List<(JsonObject Section, string Key, string Module, long Size)> _others = [];
    private readonly HashSet<long> _dimensions = [];
    private readonly HashSet<long> _widths = [];

    private VocabularySizes(JsonObject root)
    {
        _root = root;
        ReadSection(root, module: null);
    }

    /// <summary>Number of rows that a key of its own states for the embedding for each layer; null if there is none.</summary>
    public long? PerLayer => _language
        .Select(stated => Whole(stated.Section[PerLayerKey]))
        .FirstOrDefault(size => size is not null);

    /// <summary>Reads the configuration among a model's side files; null if there is none.</summary>
    /// <param name="files">Side files of the model, by name.</param>
    /// <param name="owner">Name of the model, for messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file is not a JSON object.</exception>
    public static VocabularySizes? Of(IReadOnlyDictionary<string, byte[]> files, string owner) =>
        TokenizerSettings.Parse(files, FileName, owner) is { } root ? new VocabularySizes(root) : null;

    /// <summary>States new numbers of rows in the configuration among a model's side files, if there is one.</summary>
    /// <param name="files">Side files, by name.</param>
    /// <param name="rows">Number of rows of the language model's embedding.</param>
    /// <param name="perLayerRows">Number of rows of the embedding for each layer; null if it stays.</param>
    /// <param name="modules">Names of tensors that have these rows.</param>
    /// <param name="tokens">Function that gives the number of tokens that the model had, or null if it is not known.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file is not a JSON object.</exception>
    public static void State(
        Dictionary<string, byte[]> files, long rows, long? perLayerRows, IEnumerable<string> modules, Func<int?> tokens)
    {
        if (Of(files, "the output") is not { } sizes)
            return;
        long? before = sizes.Main(tokens);
        HashSet<string> parts = [.. modules.SelectMany(name => name.Split('.'))];
        bool isChanged = false;
        foreach (var (section, key, size) in sizes._language.Where(stated => stated.Size == before))
            isChanged |= Set(section, key, rows);
        foreach (var (section, key, module, _) in sizes._others
            .Where(stated => stated.Size == before && parts.Any(part => IsOf(stated.Module, part))))
            isChanged |= Set(section, key, rows);
        foreach (JsonObject section in sizes._language.Select(stated => stated.Section)
            .Where(section => perLayerRows is not null && section.ContainsKey(PerLayerKey)))
            isChanged |= Set(section, PerLayerKey, perLayerRows!.Value);
        if (isChanged)
            files[FileName] = IndentedJson.Write(sizes._root);
    }

    /// <summary>
    /// Returns the size of the language model's vocabulary; null if none is stated. Of several sizes it is the first that has
    /// room for the tokenizer's tokens.
    /// </summary>
    /// <param name="tokens">Function that gives the number of the tokenizer's tokens, or null if it is not known.</param>
    public long? Main(Func<int?> tokens)
    {
        long[] sizes = [.. _language.Select(stated => stated.Size).Distinct()];
        if (sizes.Length <= 1)
            return sizes.Length == 0 ? null : sizes[0];
        int least = tokens() ?? 0;
        return sizes.FirstOrDefault(size => size >= least, sizes[0]);
    }

    /// <summary>Whether another size of the language model's vocabulary is stated, as for a translator's two languages.</summary>
    public bool IsLanguageSize(long rows) => _language.Any(stated => stated.Size == rows);

    /// <summary>
    /// Whether a tensor belongs to a part with a vocabulary of its own: a part whose section states another size, or a tensor
    /// with a number of rows that is stated for another part.
    /// </summary>
    /// <param name="tensor">Name of the tensor.</param>
    /// <param name="rows">Number of the tensor's rows.</param>
    /// <param name="main">Size of the language model's vocabulary.</param>
    public bool IsOfOtherPart(string tensor, long rows, long main)
    {
        string[] parts = tensor.Split('.');
        return rows != main && _others.Any(stated => stated.Size != main
            && (stated.Size == rows || parts.Any(part => IsOf(stated.Module, part))));
    }

    /// <summary>Whether a tensor belongs to a part that states a vocabulary of its own, whatever its size.</summary>
    /// <param name="tensor">Name of the tensor.</param>
    public bool IsInOtherPart(string tensor)
    {
        string[] parts = tensor.Split('.');
        return _others.Any(stated => parts.Any(part => IsOf(stated.Module, part)));
    }

    /// <summary>Whether a number is stated that is neither the size of a vocabulary nor a token's id.</summary>
    public bool HasDimension(long number) => _dimensions.Contains(number);

    /// <summary>Whether a number is stated as the width of the model or of its embeddings.</summary>
    public bool HasWidth(long number) => _widths.Contains(number);

    /// <summary>
    /// Returns the size of the vocabulary that a part has for itself; null for a section of the language model and for a part
    /// without one.
    /// </summary>
    /// <param name="key">Key of the section.</param>
    /// <param name="section">Section of the configuration.</param>
    internal static long? OwnSize(string key, JsonObject section) =>
        LanguageSections.Contains(key, StringComparer.Ordinal)
            ? null
            : SizeKeys.Select(size => Whole(section[size])).FirstOrDefault(size => size is not null);

    private static bool IsOf(string module, string part) =>
        module.Length > 0 && (part == module || part.StartsWith(module + "_", StringComparison.Ordinal));

    private static long? Whole(JsonNode? node) => node is JsonValue value && value.TryGetValue(out long number) ? number : null;

    private static bool Set(JsonObject section, string key, long size)
    {
        if (Whole(section[key]) == size)
            return false;
        section[key] = JsonValue.Create(size);
        return true;
    }

    /// <param name="section">Section to read.</param>
    /// <param name="module">Name of the part that the section describes; null for the language model.</param>
    private void ReadSection(JsonObject section, string? module)
    {
        bool hasText = module is null && section.ContainsKey(TextKey);
        string[] main = hasText ? [TextKey] : SizeKeys;
        foreach (string key in main)
        {
            if (Whole(section[key]) is { } size)
                Add(section, key, size, module);
        }

        foreach (var (key, node) in section.ToArray())
        {
            if (node is JsonObject part)
                ReadSection(part, ModuleOf(key, module));
            else if (key.EndsWith("vocab_size", StringComparison.Ordinal) || SizeKeys.Contains(key, StringComparer.Ordinal))
                AddOther(section, key, node, main);
            else if (key != PerLayerKey && !TokenIds.IsKey(key))
                ReadNumbers(key, node);
        }
    }

    private void Add(JsonObject section, string key, long size, string? module)
    {
        if (module is null)
            _language.Add((section, key, size));
        else
            _others.Add((section, key, module, size));
    }

    private void AddOther(JsonObject section, string key, JsonNode? node, string[] main)
    {
        if (!main.Contains(key, StringComparer.Ordinal) && Whole(node) is { } size)
            _others.Add((section, key, key.EndsWith(SizeEnd, StringComparison.Ordinal) ? key[..^SizeEnd.Length] : "", size));
    }

    private void ReadNumbers(string key, JsonNode? node)
    {
        foreach (JsonNode? item in node is JsonArray list ? list : new JsonArray(node?.DeepClone()))
        {
            if (Whole(item) is not { } number)
                continue;
            _dimensions.Add(number);
            if (WidthKeys.Contains(key, StringComparer.Ordinal))
                _widths.Add(number);
        }
    }

    private static string? ModuleOf(string key, string? outer) =>
        LanguageSections.Contains(key, StringComparer.Ordinal) ? outer
        : key.EndsWith(SectionEnd, StringComparison.Ordinal) ? key[..^SectionEnd.Length] : key;
}
