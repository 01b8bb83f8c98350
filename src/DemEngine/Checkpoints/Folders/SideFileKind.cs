namespace DemEngine.Checkpoints.Folders;

/// <summary>
/// Tells by its name what a file at the top of a model's folder is. Only what loads the model or states its terms goes with a
/// merged model; whatever else lies there, such as a trainer's state, belongs to the folder and not to the model.
/// </summary>
internal static class SideFileKind
{
    private const string LanguageModelFolder = "language_model";

    private static readonly HashSet<string> Configurations = new(StringComparer.OrdinalIgnoreCase)
    {
        "config.json",
        "configuration.json",
        "params.json",
        "generation_config.json",
        "modules.json",
        "config_sentence_transformers.json",
        "router_config.json",
        "scheduler_config.json",
        "normalizer.json",
        "id2label.json",
        "label2id.json",
        "labels.json",
    };

    private static readonly string[] TokenizerPrefixes =
    [
        "tokenizer",
        "special_tokens",
        "added_tokens",
        "vocab",
        "merges",
        "spiece",
        "sentencepiece",
        "chat_template",
        "tekken",
        "entity_vocab",
    ];

    private static readonly string[] TokenizerSuffixes =
        [".jinja", ".tiktoken", ".spm", ".model", "_tokenizer.json", "_tokenizer_config.json"];

    private static readonly HashSet<string> TokenizerNames =
        new(["bpe.codes", "codes.txt", "dict.txt", "encoder.json", "alphabet.json"], StringComparer.OrdinalIgnoreCase);

    private static readonly string[] Terms =
        ["LICENSE", "LICENCE", "COPYING", "NOTICE", "USE_POLICY", "USE-POLICY", "USE POLICY", "ACCEPTABLE_USE", "TERMS_OF_USE"];

    private static readonly string[] Pictures = [".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"];

    // Trainers leave these beside the weights; no model imports them.
    private static readonly string[] Scripts = ["zero_to_fp32.py", "setup.py", "train.py", "finetune.py"];

    private static readonly string[] TrainerFiles =
        ["training_args", "optimizer", "scheduler", "scaler", "rng_state", "random_states"];

    private static readonly string[] WeightSuffixes =
    [
        ".safetensors",
        ".bin",
        ".pt",
        ".pth",
        ".ckpt",
        ".gguf",
        ".ggml",
        ".h5",
        ".msgpack",
        ".onnx",
        ".npz",
        ".index.json",
        ".tmp",
        ".lock",
        ".log",
    ];

    // A run writes these anew, and what lies there describes only the model that it came with.
    private static readonly string[] Replaced = ["dem-manifest.json", "mergekit_config.yml"];

    /// <summary>Whether a file at the top of the folder goes with a model.</summary>
    public static bool IsSideFile(string name) =>
        !IsPassedOver(name)
        && !IsWeights(name)
        && (Configurations.Contains(name)
            || IsProcessor(name)
            || (name.StartsWith("sentence_", StringComparison.Ordinal) && Ends(name, "_config.json"))
            || (name.StartsWith("generation_config", StringComparison.Ordinal) && Ends(name, ".json"))
            || IsTokenizer(name)
            || IsModule(name)
            || IsTerms(name));

    /// <summary>Whether a side file belongs to the tokenizer: its vocabulary, its settings or its chat templates.</summary>
    /// <param name="path">Path of the file in the model's folder, with slashes.</param>
    public static bool IsTokenizer(string path) => path.Contains('/', StringComparison.Ordinal)
        ? IsTemplateFolder(path[..path.IndexOf('/', StringComparison.Ordinal)])
        : !IsModule(path)
            && (TokenizerPrefixes.Any(prefix => path.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                || TokenizerSuffixes.Any(suffix => Ends(path, suffix))
                || TokenizerNames.Contains(path));

    /// <summary>Whether a file is a Python module that a model's configuration can name.</summary>
    public static bool IsModule(string name) =>
        Ends(name, ".py") && !Scripts.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a folder holds chat templates beside the default one.</summary>
    public static bool IsTemplateFolder(string name) => name is "additional_chat_templates" or "chat_templates";

    /// <summary>Whether a folder holds the language model with which a speech model's processor decodes.</summary>
    public static bool IsDecoderFolder(string name) => name == LanguageModelFolder;

    /// <summary>Whether whoever loads a model could take a file of this name for a part of it.</summary>
    /// <param name="path">Path of the file in the model's folder, with slashes.</param>
    public static bool IsLoaded(string path) =>
        new[] { ".safetensors", ".index.json", ".bin", ".gguf", ".ckpt", ".pth", ".h5", ".msgpack" }
            .Any(suffix => Ends(path, suffix))
        || IsSideFile(path[(path.LastIndexOf('/') + 1)..]);

    /// <summary>Whether a file holds weights, their index or a trainer's leavings.</summary>
    public static bool IsWeights(string name) => WeightSuffixes.Any(suffix => Ends(name, suffix));

    /// <summary>Whether a file is that of a whole model, so that files beside it may be another model's.</summary>
    public static bool IsModel(string name) =>
        new[] { ".safetensors", ".ckpt", ".gguf", ".ggml", ".pth" }.Any(suffix => Ends(name, suffix));

    /// <summary>
    /// Whether a file may be that of a whole model of PyTorch. Many other things have such names, so that it counts only beside
    /// one of its kind.
    /// </summary>
    public static bool MayBeTorchModel(string name) =>
        (Ends(name, ".pt") || Ends(name, ".bin"))
        && !TrainerFiles.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Whether nobody expects a name in the output: hidden names, and what a run writes anew, the model card among them.
    /// </summary>
    public static bool IsPassedOver(string name) =>
        name[0] == '.'
        || name == "__pycache__"
        || name.StartsWith("README", StringComparison.OrdinalIgnoreCase)
        || Replaced.Contains(name, StringComparer.Ordinal);

    private static bool IsProcessor(string name) =>
        Ends(name, ".json")
        && (name.Contains("processor", StringComparison.OrdinalIgnoreCase)
            || name.Contains("feature_extractor", StringComparison.OrdinalIgnoreCase));

    private static bool IsTerms(string name) =>
        Terms.Any(term => name.Contains(term, StringComparison.OrdinalIgnoreCase))
        && !Pictures.Any(suffix => Ends(name, suffix));

    private static bool Ends(string name, string suffix) => name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase);
}
