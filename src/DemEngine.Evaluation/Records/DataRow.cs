namespace DemEngine.Evaluation.Records;

/// <summary>A row of a data file.</summary>
/// <param name="Place">File and line, or file and row, named in errors.</param>
/// <param name="Json">The row as a JSON object in UTF-8; it is valid until the next row is read.</param>
/// <param name="Line">Line of the file, counted from 1; null for files that have none.</param>
internal readonly record struct DataRow(string Place, ReadOnlyMemory<byte> Json, int? Line = null);
