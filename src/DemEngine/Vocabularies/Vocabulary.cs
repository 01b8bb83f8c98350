namespace DemEngine.Vocabularies;

/// <summary>Tokens of a model with their ids, which are the rows of its embeddings.</summary>
internal sealed class Vocabulary : IEquatable<Vocabulary>
{
    private readonly Dictionary<string, int> _ids;
    private readonly string?[] _tokens;

    /// <summary>Creates a vocabulary. Where two tokens share an id, the row belongs to the first of them.</summary>
    /// <param name="tokens">Tokens, each once, with ids from 0.</param>
    public Vocabulary(IEnumerable<KeyValuePair<string, int>> tokens)
    {
        _ids = new Dictionary<string, int>(tokens, StringComparer.Ordinal);
        _tokens = new string?[_ids.Values.Select(id => id + 1).DefaultIfEmpty().Max()];
        foreach (var (token, id) in _ids)
            _tokens[id] ??= token;
    }

    /// <summary>Number of ids, including those without a token.</summary>
    public int Size => _tokens.Length;

    /// <summary>All tokens with their ids.</summary>
    public IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>Returns the id of a token; null if the vocabulary does not have it.</summary>
    public int? Find(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    /// <summary>Returns the same vocabulary without the tokens whose ids lie from a number on.</summary>
    /// <param name="size">Number of ids that are kept.</param>
    public Vocabulary Below(long size) => size >= Size ? this : new Vocabulary(_ids.Where(pair => pair.Value < size));

    /// <summary>Returns the token of an id; null if the id has none.</summary>
    /// <param name="id">Id of the token, 0 to <see cref="Size"/> − 1.</param>
    public string? TokenOf(int id) => _tokens[id];

    /// <summary>Whether both vocabularies have the same tokens with the same ids.</summary>
    public bool Equals(Vocabulary? other) =>
        other is not null
        && (ReferenceEquals(this, other)
            || (_ids.Count == other._ids.Count && _ids.All(pair => other.Find(pair.Key) == pair.Value)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Vocabulary);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_ids.Count, _tokens.Length);
}
