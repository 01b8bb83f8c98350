using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DemEngine.Errors;
using DemEngine.Files;

namespace DemEngine.Vocabularies;

/// <summary>
/// A <c>tokenizer.json</c> as Hugging Face's tokenizers library writes it: a model (BPE, Unigram, WordPiece or WordLevel) with
/// its vocabulary, and the tokens that were added to it. Everything else in the file is kept unchanged.
/// </summary>
internal sealed class TokenizerFile
{
    /// <summary>Name of the tokenizer file.</summary>
    public const string FileName = "tokenizer.json";

    // Far more than the vocabulary of any real model, in which every id has a row.
    internal const int MaxId = 1 << 22;

    private readonly JsonObject _root;
    private readonly string _owner;
    private readonly Dictionary<string, int> _ids;
    private Vocabulary? _vocabulary;
    private int _size;
    private bool _statesAdded;

    private TokenizerFile(JsonObject root, string owner)
    {
        _root = root;
        _owner = owner;
        _ids = ReadTokens();
        _size = Vocabulary.Size;
    }

    /// <summary>Tokens of the model and added tokens. Where a token is both, its id as an added token counts.</summary>
    public Vocabulary Vocabulary => _vocabulary ??= new Vocabulary(_ids);

    /// <summary>Kind of the tokenizer's model, such as <c>BPE</c>.</summary>
    public string Kind => Model["type"] is JsonValue value && value.TryGetValue(out string? type) ? type
        : Model["merges"] is not null ? "BPE" : Model["vocab"] is JsonArray ? "Unigram" : "WordLevel";

    private JsonObject Model => _root["model"] as JsonObject ?? throw Wrong("there is no model");

    private IEnumerable<JsonObject> AddedTokens => (_root["added_tokens"] as JsonArray ?? [])
        .Select(entry => entry as JsonObject ?? throw Wrong("an added token is no object"));

    /// <summary>Parses a tokenizer file.</summary>
    /// <param name="json">Contents of the file.</param>
    /// <param name="owner">Name of the model that the file belongs to, for messages.</param>
    /// <exception cref="DemException">DEM2023 (BadSideFile): the file is not of the expected form.</exception>
    public static TokenizerFile Parse(byte[] json, string owner)
    {
        try
        {
            return StrictJson.ParseNode(json) is JsonObject root
                ? new TokenizerFile(root, owner)
                : throw new DemException(ErrorCode.BadSideFile, $"{owner}: {FileName} is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new DemException(ErrorCode.BadSideFile, $"{owner}: {FileName}: {JsonFault.Describe(e)}", e);
        }
    }

    /// <summary>Compares the parts whose difference makes the same tokens stand for different texts.</summary>
    /// <returns>Names of the parts that differ.</returns>
    public IEnumerable<string> DifferencesTo(TokenizerFile other) =>
        new[] { "normalizer", "pre_tokenizer", "decoder" }.Where(part => !JsonEquality.AreEqual(_root[part], other._root[part]));

    /// <summary>Whether both have the same merges, in the same order and whatever their form.</summary>
    public bool HasMergesOf(TokenizerFile other) =>
        (Model["merges"] as JsonArray ?? []).Select(PairOf)
            .SequenceEqual((other.Model["merges"] as JsonArray ?? []).Select(other.PairOf));

    /// <summary>Adds a token that is recognised as a whole, before the model splits the text.</summary>
    /// <param name="token">Token that the tokenizer does not have yet.</param>
    /// <returns>Id of the new token.</returns>
    public int AddWhole(string token) => Add(new JsonObject
    {
        ["content"] = token,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = true,
        ["special"] = false,
    });

    /// <summary>
    /// Adds what another tokenizer of the same kind has and this one lacks: first the tokens of its model, in the order of their
    /// ids there and each with the next free id, then for BPE its merges, after the existing ones, and last its added tokens.
    /// </summary>
    /// <param name="other">Tokenizer whose tokens are added.</param>
    /// <returns>Number of tokens that were added.</returns>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): a file is not of the expected form. DEM3007 (UnsupportedFeature): the kinds differ, or a vocabulary
    /// cannot be continued.
    /// </exception>
    public int AddAll(TokenizerFile other)
    {
        if (Kind != other.Kind)
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"{_owner} has a tokenizer of kind {Quoted.Name(Kind)} and {other._owner} one of kind {Quoted.Name(other.Kind)}; "
                + "there is no union of these");

        HashSet<string> added = [.. other.AddedTokens.Select(other.ContentOf)];
        string[] missing =
        [
            .. other._ids.Where(pair => !added.Contains(pair.Key) && !_ids.ContainsKey(pair.Key))
                .OrderBy(pair => pair.Value).Select(pair => pair.Key),
        ];

        // A token that is listed twice is one token.
        JsonObject[] missingAdded =
        [
            .. other.AddedTokens.Where(entry => !_ids.ContainsKey(other.ContentOf(entry))).DistinctBy(other.ContentOf),
        ];
        if (missing.Length + missingAdded.Length == 0)
            return 0;

        StateAddedTokensInModel();
        foreach (string token in missing)
        {
            int id = TakeId(token);
            PutInModel(token, id, other.ScoreOf(token));
        }

        AddMerges(other);
        foreach (JsonObject entry in missingAdded)
            Add((JsonObject)entry.DeepClone());
        return missing.Length + missingAdded.Length;
    }

    /// <summary>
    /// Removes the tokens with ids from a number on, and for BPE the merges that need them.
    /// </summary>
    /// <param name="size">Number of ids that are kept.</param>
    /// <returns>The removed tokens, in the order of their ids.</returns>
    /// <exception cref="DemException">
    /// DEM2023 (BadSideFile): the file is not of the expected form. DEM3007 (UnsupportedFeature): another part of the file needs
    /// one of these tokens.
    /// </exception>
    public IReadOnlyList<string> CutTo(int size)
    {
        string[] removed = [.. _ids.Where(pair => pair.Value >= size).OrderBy(pair => pair.Value).Select(pair => pair.Key)];
        if (removed.Length == 0)
            return removed;

        HashSet<string> gone = [.. removed];
        RefuseNeeded(gone);
        if (Model["vocab"] is JsonArray list)
        {
            while (list.Count > size)
                list.RemoveAt(list.Count - 1);
        }
        else
        {
            // Removing one entry after another would take a time that grows with the square of their number.
            Model["vocab"] = new JsonObject(((JsonObject)Model["vocab"]!)
                .Where(entry => !gone.Contains(entry.Key))
                .Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone())));
        }

        if (_root["added_tokens"] is JsonArray)
        {
            _root["added_tokens"] = new JsonArray(
                [.. AddedTokens.Where(entry => !gone.Contains(ContentOf(entry))).Select(entry => entry.DeepClone())]);
        }

        if (Kind == "BPE" && Model["merges"] is JsonArray merges)
        {
            Model["merges"] = new JsonArray(
            [
                .. merges.Where(merge => PairOf(merge) is var (left, right)
                        && !gone.Contains(left) && !gone.Contains(right) && !gone.Contains(left + right))
                    .Select(merge => merge!.DeepClone()),
            ]);
        }

        foreach (string token in removed)
            _ids.Remove(token);
        _vocabulary = null;
        _size = Vocabulary.Size;
        return removed;
    }

    /// <summary>Returns the contents of the file.</summary>
    public byte[] ToJson() => IndentedJson.Write(_root, Encoder);

    /// <summary>
    /// Added tokens with their ids, and with their entries in the form of <c>tokenizer_config.json</c>, which lacks the id.
    /// </summary>
    internal IEnumerable<(string Token, int Id, JsonObject Entry)> AddedEntries => AddedTokens.Select(found =>
    {
        var entry = (JsonObject)found.DeepClone();
        entry.Remove("id");
        return (ContentOf(found), IdOf(found["id"], ContentOf(found)), entry);
    });

    /// <summary>Added tokens with their ids.</summary>
    internal IEnumerable<KeyValuePair<string, int>> Added => AddedTokens.Select(entry =>
        KeyValuePair.Create(ContentOf(entry), IdOf(entry["id"], ContentOf(entry))));


    internal static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private void RefuseNeeded(HashSet<string> gone)
    {
        string? needed = Model["unk_token"] is JsonValue unknown && unknown.TryGetValue(out string? text) && gone.Contains(text)
            ? text
            : Strings(_root["post_processor"]).FirstOrDefault(gone.Contains);
        if (needed is not null)
            throw new DemException(
                ErrorCode.UnsupportedFeature,
                $"{_owner}: {FileName}: the token {Quoted.Name(needed)} has no row in the output, and the tokenizer cannot do "
                + "without it",
                remedy: "Use the tokenizer of another model, whose tokens all have rows.");
    }

    private static IEnumerable<string> Strings(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(item => Strings(item.Value).Prepend(item.Key)),
        JsonArray list => list.SelectMany(Strings),
        JsonValue value when value.TryGetValue(out string? text) => [text],
        _ => [],
    };

    private Dictionary<string, int> ReadTokens()
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        switch (Model["vocab"])
        {
            case JsonObject map:
                foreach (var (token, id) in map)
                    ids.Add(token, IdOf(id, token));
                break;
            case JsonArray list:
                for (int id = 0; id < list.Count; id++)
                {
                    string token = list[id] is JsonArray { Count: 2 } pair
                        && pair[0] is JsonValue value
                        && value.TryGetValue(out string? text)
                        ? text
                        : throw Wrong($"entry {id} of the vocabulary is no pair of a token and a score");
                    if (!ids.TryAdd(token, id))
                        throw Wrong($"the token {Quoted.Name(token)} occurs twice");
                }

                break;
            default:
                throw Wrong("the model has no vocabulary");
        }

        foreach (var (token, id) in Added)
            ids[token] = id;
        return ids;
    }

    private int Add(JsonObject entry)
    {
        StateAddedTokensInModel();
        string token = ContentOf(entry);
        int id = TakeId(token);
        entry.Remove("id");
        entry.Insert(0, "id", id);
        PutInModel(token, id, score: null);
        if (_root["added_tokens"] is not JsonArray list)
            _root["added_tokens"] = list = [];
        list.Add((JsonNode)entry);
        return id;
    }

    /// <summary>Gives a new token the next free id.</summary>
    private int TakeId(string token)
    {
        _ids.Add(token, _size);
        _vocabulary = null;
        return _size++;
    }

    /// <summary>
    /// Puts the added tokens into the model's vocabulary. Unless they are there, the library numbers them itself, from the size
    /// of that vocabulary.
    /// </summary>
    private void StateAddedTokensInModel()
    {
        if (_statesAdded)
            return;
        _statesAdded = true;
        foreach (var (token, id) in Added.OrderBy(pair => pair.Value))
        {
            if (Model["vocab"] is JsonObject map)
                map[token] = id;
            else if (id >= ((JsonArray)Model["vocab"]!).Count)
                PutInModel(token, id, score: null);
        }
    }

    private void PutInModel(string token, int id, JsonNode? score)
    {
        switch (Model["vocab"])
        {
            case JsonObject map:
                map[token] = id;
                break;
            case JsonArray list when list.Count == id:
                list.Add((JsonNode)new JsonArray(token, score?.DeepClone() ?? JsonValue.Create(0.0)));
                break;
            default:
                throw new DemException(
                    ErrorCode.UnsupportedFeature,
                    $"{_owner}: {FileName}"
                    + " has ids without a token, after which a vocabulary of this kind cannot be continued");
        }
    }

    private JsonNode? ScoreOf(string token) =>
        Model["vocab"] is JsonArray list && _ids.TryGetValue(token, out int id) && id < list.Count
            ? ((JsonArray)list[id]!)[1]
            : null;

    private void AddMerges(TokenizerFile other)
    {
        if (Kind != "BPE")
            return;
        JsonArray merges = Model["merges"] as JsonArray ?? throw Wrong("there are no merges");
        JsonArray others = other.Model["merges"] as JsonArray ?? throw other.Wrong("there are no merges");
        HashSet<(string Left, string Right)> known = [.. merges.Select(PairOf)];
        (string Left, string Right)[] missing = [.. others.Select(other.PairOf).Where(known.Add)];

        // Older files join the two by a space, which is impossible for a token that contains one.
        bool joined = merges.Count == 0 ? others.FirstOrDefault() is JsonValue : merges[0] is JsonValue;
        if (joined && missing.Any(pair => pair.Left.Contains(' ') || pair.Right.Contains(' ')))
        {
            for (int k = 0; k < merges.Count; k++)
                merges[k] = Pair(PairOf(merges[k]));
            joined = false;
        }

        foreach (var pair in missing)
            merges.Add(joined ? JsonValue.Create($"{pair.Left} {pair.Right}") : Pair(pair));
    }

    private static JsonArray Pair((string Left, string Right) pair) => new(pair.Left, pair.Right);

    private (string Left, string Right) PairOf(JsonNode? merge)
    {
        switch (merge)
        {
            case JsonArray { Count: 2 } pair
                when pair[0] is JsonValue left
                && left.TryGetValue(out string? first)
                && pair[1] is JsonValue right
                && right.TryGetValue(out string? second):
                return (first, second);
            case JsonValue value
                when value.TryGetValue(out string? text)
                && text.IndexOf(' ') is > 0 and int at
                && text.LastIndexOf(' ') == at:
                return (text[..at], text[(at + 1)..]);
            default:
                throw Wrong($"{Quoted.Name(merge?.ToJsonString() ?? "null")} is no merge of two tokens");
        }
    }

    private string ContentOf(JsonObject entry) =>
        entry["content"] is JsonValue value && value.TryGetValue(out string? content)
            ? content
            : throw Wrong("an added token has no content");

    private int IdOf(JsonNode? node, string token) =>
        node is JsonValue value && value.TryGetValue(out int id) && id is >= 0 and < MaxId
            ? id
            : throw Wrong(string.Create(
                CultureInfo.InvariantCulture,
                $"the id of {Quoted.Name(token)} is no whole number from 0 to {MaxId - 1}"));

    private DemException Wrong(string what) => new(ErrorCode.BadSideFile, $"{_owner}: {FileName}: {what}");
}
