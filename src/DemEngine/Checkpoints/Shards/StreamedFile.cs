using System.Security.Cryptography;

namespace DemEngine.Checkpoints.Shards;

/// <summary>
/// Checks a file against its SHA-256 while it is read in blocks, nearly in order. What comes too early is kept for a while; a
/// file that is read in another order is not checked. Thread-safe.
/// </summary>
/// <param name="length">Length of the file in bytes.</param>
/// <param name="sha256">Its hash in hexadecimal digits.</param>
internal sealed class StreamedFile(long length, string sha256) : IDisposable
{
    private const long MostKept = 32 << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, byte[]> _early = [];
    private IncrementalHash? _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _next;
    private long _kept;

    /// <summary>Takes a block that was read.</summary>
    /// <param name="offset">Offset of the block in the file.</param>
    /// <param name="block">Its bytes. Blocks that come again have the same borders.</param>
    /// <returns>False once the whole file has come, and its hash is another one.</returns>
    public bool Add(long offset, ReadOnlySpan<byte> block)
    {
        lock (_lock)
        {
            if (_hash is null || offset < _next)
                return true;
            if (offset > _next)
            {
                Keep(offset, block);
                return true;
            }

            _hash.AppendData(block);
            _next += block.Length;
            while (_early.Remove(_next, out byte[]? early))
            {
                _hash.AppendData(early);
                _next += early.Length;
                _kept -= early.Length;
            }

            if (_next < length)
                return true;
            bool isSame = Convert.ToHexString(_hash.GetHashAndReset()).Equals(sha256, StringComparison.OrdinalIgnoreCase);
            GiveUp();
            return isSame;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
            GiveUp();
    }

    private void Keep(long offset, ReadOnlySpan<byte> block)
    {
        if (_early.ContainsKey(offset))
            return;
        if (_kept + block.Length > MostKept)
        {
            GiveUp();
            return;
        }

        _early.Add(offset, block.ToArray());
        _kept += block.Length;
    }

    private void GiveUp()
    {
        _hash?.Dispose();
        _hash = null;
        _early.Clear();
        _kept = 0;
    }
}
