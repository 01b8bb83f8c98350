namespace DemEngine.Evaluation.Records;

/// <summary>Reads a text file line by line as bytes, so that errors can name the line.</summary>
internal static class JsonLines
{
    private const int LongestLine = 256 << 20;

    /// <summary>
    /// Enumerates the lines that are not blank, with their numbers from 1. The memory of a line is valid until the next one is
    /// read.
    /// </summary>
    /// <exception cref="DemException">
    /// DEM2111 (DataNotFound): the file cannot be read. DEM2112 (BadDataLine): a line is longer than 256 MiB.
    /// </exception>
    public static IEnumerable<DataRow> Read(string path)
    {
        using FileStream file = DataFiles.Open(path);
        byte[] buffer = new byte[1 << 16];
        int start = 0, end = 0, number = 1;
        while (true)
        {
            int length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                if (!IsBlank(buffer.AsSpan(start, length)))
                    yield return new DataRow($"{path}:{number}", Trim(buffer, start, length, number), number);
                start += length + 1;
                number++;
                continue;
            }

            if (end - start > LongestLine)
                throw new DemException(ErrorCode.BadDataLine, $"{path}:{number}: the line is longer than {LongestLine} bytes")
                {
                    Path = path,
                    Line = number,
                };
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            if (end == buffer.Length)
                Array.Resize(ref buffer, 2 * buffer.Length);
            int read = Fill(file, buffer.AsSpan(end), path);
            if (read == 0)
                break;
            end += read;
        }

        if (!IsBlank(buffer.AsSpan(0, end)))
            yield return new DataRow($"{path}:{number}", Trim(buffer, 0, end, number), number);
    }

    private static int Fill(FileStream file, Span<byte> room, string path)
    {
        try
        {
            return file.Read(room);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.DataNotFound, $"{path}: {e.Message}", e) { Path = path };
        }
    }

    private static bool IsBlank(ReadOnlySpan<byte> line) => !line.ContainsAnyExcept(" \t\r\uFEFF"u8);

    // The file may start with a byte order mark.
    private static ReadOnlyMemory<byte> Trim(byte[] buffer, int start, int length, int number)
    {
        ReadOnlyMemory<byte> line = buffer.AsMemory(start, length);
        return number == 1 && line.Span.StartsWith("\uFEFF"u8) ? line[3..] : line;
    }
}
