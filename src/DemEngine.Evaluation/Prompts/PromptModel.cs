using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters;
using DemEngine.Errors;
using DemEngine.Evaluation.Chats;
using DemEngine.Evaluation.Language;
using DemEngine.Numerics;
using DemEngine.Recipes.Values;

namespace DemEngine.Evaluation.Prompts;

/// <summary>The model that prompts are seen with: its configuration, its tokenizer and its weights.</summary>
internal sealed class PromptModel
{
    private static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer.model"];
    private const string Otherwise = "or choose gate_mode: random and train the mixture.";

    private readonly string _path;
    private readonly ITokenizer _tokenizer;
    private readonly string? _begin;

    /// <param name="path">Path of the model.</param>
    /// <param name="tokenizers">Reader of tokenizers.</param>
    /// <param name="computes">Whether the model is computed with, and not only its embedding read.</param>
    /// <exception cref="DemException">
    /// DEM2101, DEM2102 (UnknownArchitecture, BadConfig): the model is not one that is computed with. DEM2104, DEM2105
    /// (NoTokenizer, BadTokenizer): there is no tokenizer, or none that is read.
    /// </exception>
    public PromptModel(string path, ITokenizerReader tokenizers, bool computes)
    {
        _path = path;
        using Checkpoint checkpoint = ModelWeights.Open(path);
        string folder = checkpoint.Folder;
        string name = Path.Combine(folder, LlamaConfig.FileName);
        if (!checkpoint.ReadSideFiles().Files.TryGetValue(LlamaConfig.FileName, out byte[]? json))
            throw new DemException(ErrorCode.BadConfig, $"{name}: there is no such file") { Path = name };
        Config = ReadConfig(json, name, computes);
        foreach (LlamaTensor wanted in NeededOf(Config, computes))
            Require(checkpoint, wanted);
        string? file = TokenizerFiles.Select(one => Path.Combine(folder, one)).FirstOrDefault(File.Exists);
        _tokenizer = ReadTokenizer(file, folder, tokenizers);
        _begin = ChatTemplateFiles.Tokens(folder).GetValueOrDefault("bos_token");
    }

    /// <summary>Configuration of the model.</summary>
    public LlamaConfig Config { get; }

    /// <summary>Opens the weights.</summary>
    public Checkpoint Open() => ModelWeights.Open(_path);

    /// <summary>
    /// Turns a prompt into token ids, with the one that begins a text where the tokenizer names one, whether or not it puts it
    /// there by itself, as mergekit has it.
    /// </summary>
    /// <exception cref="DemException">
    /// DEM2104 (NoTokenizer): a text has no tokens, or more than the model sees.
    /// </exception>
    public ImmutableArray<int> Encode(string prompt)
    {
        ImmutableArray<int> tokens = _tokenizer.BeginOfText is { } begin
            ? _tokenizer.Encode(prompt).Insert(0, begin)
            : _tokenizer.Encode(_begin + prompt);
        int most = Math.Min(Config.Window ?? int.MaxValue, Config.MaxPositions);
        if (tokens.IsEmpty || tokens.Length > most)
            throw Refuse(
                ErrorCode.NoTokenizer,
                $"{_path}: the prompt {Quoted.Name(prompt)} is {tokens.Length} tokens long, and 1 to {most} are taken",
                "Give prompts of at least one token that are shorter than what the model sees at once.");
        if (tokens.FirstOrDefault(token => token < 0 || token >= Config.VocabularySize, -1) is >= 0 and var beyond)
            throw Refuse(
                ErrorCode.NoTokenizer,
                $"{_path}: the prompt {Quoted.Name(prompt)} has token {beyond}, and the embedding "
                + $"{Config.VocabularySize} rows",
                "Put the tokenizer of the same model beside the weights.");
        return tokens;
    }

    /// <summary>Turns lists of prompts into token ids.</summary>
    public ImmutableArray<int>[][] Encode(IReadOnlyList<ValueList<string>> lists) =>
        [.. lists.Select(list => list.Select(Encode).ToArray())];

    // Hidden states need neither the last norm nor the output matrix.
    private static IEnumerable<LlamaTensor> NeededOf(LlamaConfig config, bool computes) => LlamaTensors.Of(config).Where(tensor =>
        computes ? tensor.Name is not (LlamaTensors.Norm or LlamaTensors.Head) : tensor.Name == LlamaTensors.Embedding);

    private static void Require(Checkpoint checkpoint, LlamaTensor wanted)
    {
        if (checkpoint.Find(wanted.Name) is not { } found)
            throw Wrong("is not there");
        if (found.Spec.Shape != wanted.Shape || !found.Spec.Type.IsFloat)
            throw Wrong($"is {found.Spec.Type.SafetensorsName}{found.Spec.Shape}, and should be numbers of {wanted.Shape}");

        DemException Wrong(string what) => new(
            ErrorCode.WrongTensors, $"{checkpoint.Path}: by {LlamaConfig.FileName}, tensor {Quoted.Name(wanted.Name)} {what}")
        {
            Path = checkpoint.Path,
            Tensor = wanted.Name,
        };
    }

    private static LlamaConfig ReadConfig(byte[] json, string name, bool computes)
    {
        try
        {
            LlamaConfig config = LlamaConfig.Parse(json, name);
            if (computes && !config.IsEmbedded)
            {
                throw new DemException(
                    ErrorCode.UnknownArchitecture, $"{name}: hidden states of Gemma and of mixtures of experts are not computed");
            }

            return config;
        }
        catch (DemException e) when (e.Code == ErrorCode.UnknownArchitecture)
        {
            string first = computes ? "Choose gate_mode: cheap_embed" : "Give another base model";
            throw Refuse(e.Code, e.Message, $"{first}, {Otherwise}");
        }
    }

    private ITokenizer ReadTokenizer(string? file, string folder, ITokenizerReader tokenizers)
    {
        if (file is null)
            throw Refuse(
                ErrorCode.NoTokenizer,
                $"{folder}: there is no {string.Join(" or ", TokenizerFiles)}, by which prompts become tokens",
                $"Put the tokenizer of the same model beside the weights, {Otherwise}");
        try
        {
            return tokenizers.Read(file, Config);
        }
        catch (DemException e) when (e.Code == ErrorCode.NoTokenizer)
        {
            throw Refuse(e.Code, e.Message, $"Put a tokenizer.json that is read here beside the weights, {Otherwise}");
        }
    }

    private static DemException Refuse(ErrorCode code, string message, string remedy) => new(code, message, remedy: remedy);
}
