namespace DemEngine.Stores;

/// <summary>
/// Files that are not on this machine, such as those of a web server or an object store. An implementation makes one attempt at
/// each request: what may pass by itself it reports as a <see cref="StoreFaultException"/>, and the engine tries again; what does
/// not pass it reports as a <see cref="DemException"/>.
/// </summary>
/// <remarks>
/// Implementations are called by several threads at once. Each checks what it is answered, so that no other bytes than those of
/// the file are ever taken for its own.
/// </remarks>
public interface IFileStore
{
    /// <summary>Lists the files of a folder and of the folders in it.</summary>
    /// <param name="address">Address of the folder, without a slash at its end.</param>
    /// <param name="file">Name of a file that is asked for; null where the whole folder is meant.</param>
    /// <param name="cancel">Token that stops the request.</param>
    /// <exception cref="StoreFaultException">The request may succeed when it is made again.</exception>
    /// <exception cref="DemException">
    /// DEM1050 (BadStoreAddress), DEM2070 (StoreFileNotFound), DEM2071 (StoreAccessRefused) or DEM2072 (BadStoreAnswer).
    /// </exception>
    Task<StoreFolder> ListAsync(string address, string? file, CancellationToken cancel);

    /// <summary>Opens a part of a file.</summary>
    /// <param name="file">The file, as it was listed.</param>
    /// <param name="offset">Offset of the part's first byte.</param>
    /// <param name="length">Number of bytes, at least one.</param>
    /// <param name="cancel">Token that stops the request.</param>
    /// <returns>The bytes of the part. A stream that ends early is noticed, and the rest is asked for again.</returns>
    /// <exception cref="StoreFaultException">The request may succeed when it is made again.</exception>
    /// <exception cref="DemException">
    /// DEM2070 (StoreFileNotFound), DEM2071 (StoreAccessRefused), DEM2072 (BadStoreAnswer), or DEM4005 (InputChanged) where the
    /// file is another one than was listed.
    /// </exception>
    Task<Stream> OpenAsync(StoreFile file, long offset, long length, CancellationToken cancel);

    /// <summary>Throws where a file is another one than was listed.</summary>
    /// <param name="file">The file, as it was listed.</param>
    /// <param name="cancel">Token that stops the request.</param>
    /// <exception cref="StoreFaultException">The request may succeed when it is made again.</exception>
    /// <exception cref="DemException">DEM4005 (InputChanged): the file was changed or removed.</exception>
    Task CheckUnchangedAsync(StoreFile file, CancellationToken cancel);
}
