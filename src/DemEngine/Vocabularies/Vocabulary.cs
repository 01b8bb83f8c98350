namespace DemEngine.Vocabularies;

/// <summary>The tokens of a model with their ids, which are the rows of its embeddings.</summary>
internal sealed class Vocabulary : IEquatable<Vocabulary>
{
    private readonly Dictionary<string, int> _ids;
    private readonly string?[] _tokens;

    /// <summary>Makes a vocabulary. Where two tokens have one id, the first of them is the one that the row belongs to.</summary>
    /// <param name="tokens">Each token once, with an id from 0.</param>
    public Vocabulary(IEnumerable<KeyValuePair<string, int>> tokens)
    {
        _ids = new Dictionary<string, int>(tokens, StringComparer.Ordinal);
        _tokens = new string?[_ids.Values.Select(id => id + 1).DefaultIfEmpty().Max()];
        foreach (var (token, id) in _ids)
            _tokens[id] ??= token;
    }

    /// <summary>How many ids there are, those that no token has included.</summary>
    public int Size => _tokens.Length;

    /// <summary>Every token with its id.</summary>
    public IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>The id of a token; null if it is not there.</summary>
    public int? Find(string token) => _ids.TryGetValue(token, out int id) ? id : null;

    /// <summary>The token of an id; null if it has none.</summary>
    /// <param name="id">From 0 to <see cref="Size"/> − 1.</param>
    public string? TokenOf(int id) => _tokens[id];

    /// <summary>Whether both have the same tokens with the same ids.</summary>
    public bool Equals(Vocabulary? other) =>
        other is not null && (ReferenceEquals(this, other) || (_ids.Count == other._ids.Count && _ids.All(pair => other.Find(pair.Key) == pair.Value)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Vocabulary);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_ids.Count, _tokens.Length);
}
