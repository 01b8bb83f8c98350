namespace DemEngine.Stores;

/// <summary>
/// A store that outputs can be written into: a large file in parts, which are not to be seen before it is completed, and a small
/// one at once. As for <see cref="IFileStore"/>, each call is one attempt, and may be made again.
/// </summary>
public interface IWritableStore : IFileStore
{
    /// <summary>Least number of bytes in a part, but for the last one of a file.</summary>
    int LeastPartBytes { get; }

    /// <summary>Greatest number of parts of a file.</summary>
    int MostParts { get; }

    /// <summary>Begins a file that is written in parts.</summary>
    /// <param name="address">Address of the file.</param>
    /// <param name="cancel">Token that stops the request.</param>
    /// <returns>What the other calls know the unfinished file by.</returns>
    Task<string> BeginAsync(string address, CancellationToken cancel);

    /// <summary>Writes a part of a file, or writes it anew.</summary>
    /// <param name="address">Address of the file.</param>
    /// <param name="upload">The unfinished file.</param>
    /// <param name="number">Number of the part, from 1.</param>
    /// <param name="part">Bytes of the part; the memory is used again after the call.</param>
    /// <param name="cancel">Token that stops the request.</param>
    /// <returns>What <see cref="CompleteAsync"/> knows the part by.</returns>
    Task<string> PutPartAsync(
        string address, string upload, int number, ReadOnlyMemory<byte> part, CancellationToken cancel);

    /// <summary>Completes a file, which is to be seen from then on. One that is completed already stays as it is.</summary>
    /// <param name="address">Address of the file.</param>
    /// <param name="upload">The unfinished file.</param>
    /// <param name="parts">What <see cref="PutPartAsync"/> returned for each part, in order.</param>
    /// <param name="length">Length of the whole file in bytes, which is checked.</param>
    /// <param name="cancel">Token that stops the request.</param>
    Task CompleteAsync(
        string address, string upload, IReadOnlyList<string> parts, long length, CancellationToken cancel);

    /// <summary>Discards an unfinished file and its parts.</summary>
    /// <param name="address">Address of the file.</param>
    /// <param name="upload">The unfinished file.</param>
    /// <param name="cancel">Token that stops the request.</param>
    Task AbortAsync(string address, string upload, CancellationToken cancel);

    /// <summary>Writes a whole small file, in place of one that is there.</summary>
    /// <param name="address">Address of the file.</param>
    /// <param name="contents">Contents of the file.</param>
    /// <param name="cancel">Token that stops the request.</param>
    Task PutAsync(string address, ReadOnlyMemory<byte> contents, CancellationToken cancel);

    /// <summary>Removes a file, if it is there.</summary>
    /// <param name="address">Address of the file.</param>
    /// <param name="cancel">Token that stops the request.</param>
    Task DeleteAsync(string address, CancellationToken cancel);
}
