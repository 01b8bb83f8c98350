namespace DemEngine.Checkpoints.PyTorch;

/// <summary>
/// Checks a file of an archive against the checksum that the archive states, while parts of it are read in any order, and perhaps
/// more than once. What is not read whole, or in very many pieces, is not checked. Thread-safe.
/// </summary>
/// <param name="record">The file in the archive, which states a checksum.</param>
internal sealed class RecordCheck(ArchiveRecord record)
{
    // Tiles of several threads leave few gaps between them. Small pieces here and there would never fill them.
    private const int MostParts = 512;

    private readonly Lock _lock = new();
    private List<Part>? _parts = [];
    private volatile bool _isDone;

    /// <summary>The file.</summary>
    public ArchiveRecord Record => record;

    /// <summary>Takes bytes that were read.</summary>
    /// <param name="offset">Place of the first byte in the file of the archive.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>False once every byte has come, and their checksum is another one.</returns>
    public bool Add(long offset, ReadOnlySpan<byte> bytes)
    {
        if (_isDone)
            return true;
        foreach (Part part in Claim(offset, offset + bytes.Length))
        {
            Checksum sum = Checksum.Of(bytes.Slice((int)(part.Start - offset), (int)(part.End - part.Start)));
            lock (_lock)
            {
                part.Sum = sum;
                if (_parts is { } parts && !Join(parts))
                    return false;
            }
        }

        return true;
    }

    /// <summary>Finds what of a range no thread has summed up or is about to.</summary>
    private List<Part> Claim(long from, long end)
    {
        var claimed = new List<Part>();
        lock (_lock)
        {
            if (_parts is not { } parts)
                return claimed;
            for (int k = 0; from < end; k++)
            {
                if (k < parts.Count && parts[k].End <= from)
                    continue;
                long until = k < parts.Count ? Math.Min(end, parts[k].Start) : end;
                if (from < until)
                {
                    var part = new Part(from, until);
                    claimed.Add(part);
                    parts.Insert(k, part);
                }

                from = parts[k].End;
            }

            if (parts.Count > MostParts)
                Finish();
        }

        return claimed;
    }

    /// <summary>Joins neighbours whose checksums are known, and compares the whole.</summary>
    private bool Join(List<Part> parts)
    {
        for (int k = parts.Count - 1; k > 0; k--)
        {
            if (parts[k - 1].End != parts[k].Start || parts[k - 1].Sum is not { } first || parts[k].Sum is not { } second)
                continue;
            parts[k - 1] = new Part(parts[k - 1].Start, parts[k].End) { Sum = first.Then(second) };
            parts.RemoveAt(k);
        }

        if (parts is not [{ Sum: { } sum }] || sum.Length != record.Length)
            return true;
        Finish();
        return sum.Value == record.Checksum;
    }

    private void Finish()
    {
        _parts = null;
        _isDone = true;
    }

    /// <summary>A range of the file that is summed up, or is about to be.</summary>
    private sealed class Part(long start, long end)
    {
        public long Start => start;

        public long End => end;

        public Checksum? Sum { get; set; }
    }
}
