using System.Text;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Vocabularies;

/// <summary>
/// Reads the vocabulary of a model from its small files: <c>tokenizer.json</c>, or the files of older tokenizers.
/// </summary>
internal static class VocabularyReader
{
    private static readonly string[] NotRead = ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "tekken.json"];
    private static readonly string[] VocabularyFiles =
    [
        TokenizerFile.FileName,
        "vocab.json",
        "vocab.txt",
        "added_tokens.json",
        .. NotRead,
    ];

    /// <summary>
    /// Whether two models have the same vocabulary files, or both have none. In both cases they have the same tokens, whatever
    /// these are.
    /// </summary>
    /// <param name="files">Side files of one model, by name.</param>
    /// <param name="others">Side files of the other model, by name.</param>
    public static bool HaveSameFiles(IReadOnlyDictionary<string, byte[]> files, IReadOnlyDictionary<string, byte[]> others) =>
        VocabularyFiles.All(name =>
            files.TryGetValue(name, out byte[]? file) == others.TryGetValue(name, out byte[]? other)
            && file.AsSpan().SequenceEqual(other));

    /// <summary>Whether there is a vocabulary in any form among a model's side files.</summary>
    public static bool HasAny(IReadOnlyDictionary<string, byte[]> files) => VocabularyFiles.Any(files.ContainsKey);

    /// <summary>Reads a vocabulary; null if there is no tokenizer at all.</summary>
    /// <param name="files">Side files of the model, by name.</param>
    /// <param name="owner">Name of the model, for messages.</param>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): a file is not of the expected form, or is of a kind that is not read.
    /// </exception>
    public static Vocabulary? Read(IReadOnlyDictionary<string, byte[]> files, string owner)
    {
        if (files.TryGetValue(TokenizerFile.FileName, out byte[]? tokenizer))
            return TokenizerFile.Parse(tokenizer, owner).Vocabulary;
        if (files.TryGetValue("vocab.json", out byte[]? map))
            return WithAdded(ReadMap(map, "vocab.json", owner), files, owner);
        if (files.TryGetValue("vocab.txt", out byte[]? lines))
            return WithAdded(ReadLines(lines, owner), files, owner);
        return NotRead.FirstOrDefault(files.ContainsKey) is { } file
            ? throw new DemException(
                ErrorCode.BadSideFile,
                $"{owner}: there is a {file} and no {TokenizerFile.FileName}, the form in which tokens are read here",
                remedy: file.EndsWith(".json", StringComparison.Ordinal)
                    ? FetchTokenizer
                    : $"{MakeTokenizer(owner)}, {OrLeaveOut}")
            : null;
    }

    /// <summary>Reads a vocabulary; null if there is none, or none that can be read.</summary>
    /// <param name="files">Side files of the model, by name.</param>
    /// <param name="owner">Name of the model.</param>
    public static Vocabulary? TryRead(IReadOnlyDictionary<string, byte[]> files, string owner)
    {
        try
        {
            return Read(files, owner);
        }
        catch (DemException e) when (e.Code == ErrorCode.BadSideFile)
        {
            return null;
        }
    }

    /// <summary>Advice for a model without a tokenizer that can be read.</summary>
    public const string FetchTokenizer =
        $"Put the tokenizer.json of the same model beside the weights, as its repository for transformers has it, {OrLeaveOut}";

    private const string OrLeaveOut = "or leave out `tokenizer_source` where all models have one tokenizer.";

    /// <summary>Returns advice for a model whose tokenizer is only there in another form, without the full stop.</summary>
    /// <param name="folder">Folder of the model.</param>
    public static string MakeTokenizer(string folder) =>
        $"Make a {TokenizerFile.FileName} with Python's transformers and sentencepiece: "
        + $"AutoTokenizer.from_pretrained({Quoted.Name(folder)}).save_pretrained({Quoted.Name(folder)})";

    private static Vocabulary WithAdded(Dictionary<string, int> ids, IReadOnlyDictionary<string, byte[]> files, string owner)
    {
        if (files.TryGetValue("added_tokens.json", out byte[]? added))
        {
            foreach (var (token, id) in ReadMap(added, "added_tokens.json", owner))
                ids[token] = id;
        }

        return new Vocabulary(ids);
    }

    private static Dictionary<string, int> ReadMap(byte[] json, string file, string owner)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        try
        {
            StrictJson.CheckText(json);
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Wrong(file, owner, "not a JSON object");
            foreach (JsonProperty entry in document.RootElement.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.Number
                    || !entry.Value.TryGetInt32(out int id)
                    || id is < 0 or >= TokenizerFile.MaxId)
                    throw Wrong(
                        file,
                        owner,
                        $"the id of {Quoted.Name(entry.Name)} is no whole number from 0 to {TokenizerFile.MaxId - 1}");
                if (!ids.TryAdd(entry.Name, id))
                    throw Wrong(file, owner, $"the token {Quoted.Name(entry.Name)} occurs twice");
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Wrong(file, owner, JsonFault.Describe(e), e);
        }

        return ids;
    }

    private static Dictionary<string, int> ReadLines(byte[] text, string owner)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        string[] lines = Encoding.UTF8.GetString(text).Split('\n');
        for (int id = 0; id < lines.Length - (lines[^1].Length == 0 ? 1 : 0); id++)
        {
            if (!ids.TryAdd(lines[id].TrimEnd('\r'), id))
                throw Wrong("vocab.txt", owner, $"the token {Quoted.Name(lines[id])} occurs twice");
        }

        return ids;
    }

    private static DemException Wrong(string file, string owner, string what, Exception? inner = null) =>
        new(ErrorCode.BadSideFile, $"{owner}: {file}: {what}", inner);
}
