using System.Collections;
using DemEngine.Memory;

namespace DemEngine.Checkpoints.Locating;

/// <summary>
/// The map of an index from tensors to the file names of their shards. It takes 4 bytes a name, since the names have numbers:
/// the largest models have half a million tensors in a thousand shards.
/// </summary>
/// <param name="names">Names of the tensors.</param>
internal sealed class WeightMap(NamePool names) : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<string> _shards = [];
    private readonly Dictionary<string, int> _placeOf = new(StringComparer.Ordinal);

    // Place of the shard of each name plus one; 0 for names that the index does not have.
    private int[] _shardOf = new int[names.Count];

    /// <summary>Number of tensors.</summary>
    public int Count { get; private set; }

    /// <summary>File names of the shards, each once, in the order in which the index names them.</summary>
    public IReadOnlyList<string> Shards => _shards;

    /// <summary>Names of the tensors.</summary>
    public IEnumerable<string> Tensors => this.Select(pair => pair.Key);

    /// <summary>Adds a tensor.</summary>
    /// <returns>False if it is there already.</returns>
    public bool TryAdd(string tensor, string shard)
    {
        int number = names.NumberOf(tensor);
        if (number >= _shardOf.Length)
            Array.Resize(ref _shardOf, Math.Max(number + 1, _shardOf.Length * 2));
        if (_shardOf[number] > 0)
            return false;
        if (!_placeOf.TryGetValue(shard, out int place))
        {
            _shards.Add(shard);
            _placeOf.Add(shard, place = _shards.Count);
        }

        _shardOf[number] = place;
        Count++;
        return true;
    }

    /// <summary>Finds the file name of a tensor's shard; null if the index does not have the tensor.</summary>
    public string? Find(string tensor)
    {
        int number = names.Find(tensor);
        return number < 0 || number >= _shardOf.Length || _shardOf[number] == 0 ? null : _shards[_shardOf[number] - 1];
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator()
    {
        for (int number = 0; number < _shardOf.Length; number++)
        {
            if (_shardOf[number] > 0)
                yield return new(names[number], _shards[_shardOf[number] - 1]);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
