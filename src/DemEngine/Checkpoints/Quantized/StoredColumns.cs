using DemEngine.Numerics;

namespace DemEngine.Checkpoints.Quantized;

/// <summary>Copies columns of a stored matrix, whose parts lie one in every row.</summary>
internal static class StoredColumns
{
    /// <summary>
    /// Copies columns of rows of a stored matrix, each row's next to each other: from a mapping, or row by row.
    /// </summary>
    /// <param name="part">Tensor that holds the matrix.</param>
    /// <param name="firstRow">Index of the first row.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="width">Number of units in a row.</param>
    /// <param name="column">First column.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="destination">Receives the columns of all rows.</param>
    /// <exception cref="DemException">DEM4003 (ReadFailed), DEM4005 (InputChanged).</exception>
    public static void Read(
        StoredTensor part, long firstRow, long rows, long width, long column, int columns, Span<byte> destination)
    {
        int size = part.Spec.Type.Size;
        int bytes = columns * size;
        long first = (firstRow * width) + column;
        long units = ((rows - 1) * width) + columns;

        // Asking for the mapping of all rows costs as much as their pages; reading row by row, a call for each.
        if (!part.IsCopied && units * size <= int.MaxValue && units * size / Environment.SystemPageSize < 2 * rows)
        {
            using PartBytes all = PartBytes.Read(part, first, (int)units);
            for (int row = 0; row < rows; row++)
                all.Bytes.Slice((int)(row * width * size), bytes).CopyTo(destination.Slice(row * bytes, bytes));
            return;
        }

        for (int row = 0; row < rows; row++)
            part.Copy(first + (row * width), destination.Slice(row * bytes, bytes));
    }
}
