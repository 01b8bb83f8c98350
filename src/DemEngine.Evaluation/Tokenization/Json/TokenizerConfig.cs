using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using DemEngine.Errors;
using DemEngine.Evaluation.Tokenization.Definition;

namespace DemEngine.Evaluation.Tokenization.Json;

/// <summary>
/// The settings of a <c>tokenizer_config.json</c>, which supplements a tokenizer's own file; any of them may be absent.
/// </summary>
internal sealed record TokenizerConfig
{
    /// <summary>Name of the file.</summary>
    public const string FileName = TokenizerParts.ConfigFileName;

    /// <summary><c>add_bos_token</c>: whether every text begins with <see cref="BeginOfText"/>; null if absent.</summary>
    public bool? AddBeginOfText { get; init; }

    /// <summary><c>bos_token</c>: text of the token that begins a text; null if absent.</summary>
    public string? BeginOfText { get; init; }

    /// <summary><c>eos_token</c>: text of the token that ends a text; null if absent.</summary>
    public string? EndOfText { get; init; }

    /// <summary>
    /// <c>legacy</c>, for Llama's SentencePiece tokenizers: whether text after a special token gets a space before it too.
    /// </summary>
    public bool Legacy { get; init; } = true;

    /// <summary><c>added_tokens_decoder</c>: added tokens by id.</summary>
    public ImmutableArray<AddedToken> AddedTokens { get; init; } = [];

    /// <exception cref="DemException">
    /// DEM2023, DEM2104, DEM2105 (BadSideFile, NoTokenizer, BadTokenizer): the file cannot be read, has something unsupported, or
    /// is damaged.
    /// </exception>
    public static TokenizerConfig Read(string folder)
    {
        string file = Path.Combine(folder, FileName);
        return File.Exists(file) ? TokenizerNode.Read(file, Parse) : new TokenizerConfig();
    }

    private static TokenizerConfig Parse(TokenizerNode root) => new()
    {
        AddBeginOfText = root.Find("add_bos_token") is null ? null : root.Flag("add_bos_token"),
        BeginOfText = Token(root, "bos_token"),
        EndOfText = Token(root, "eos_token"),
        Legacy = root.Flag("legacy", otherwise: true),
        AddedTokens = root.Object("added_tokens_decoder") is { } added
            ? [
                .. added.Element.EnumerateObject().Select(token =>
                    AddedTokenJson.Read(added.Object(token.Name)!.Value, Id(added, token.Name))),
            ]
            : [],
    };

    // A token is given as its text, or as an object that has its text.
    private static string? Token(TokenizerNode root, string key) =>
        root.Find(key) is { ValueKind: JsonValueKind.Object } ? root.Object(key)!.Value.Text("content") : root.Text(key);

    private static int Id(TokenizerNode added, string key) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            ? id
            : throw added.Bad($"{Quoted.Name(key)} is no token id");
}
