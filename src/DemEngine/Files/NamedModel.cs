using DemEngine.Stores;

namespace DemEngine.Files;

/// <summary>
/// Models that are named otherwise than by a path: by the address of a store, or by an id of the local Hugging Face cache.
/// </summary>
internal static class NamedModel
{
    /// <summary>Finds the local path of a model.</summary>
    /// <param name="text">The address, the id, or another text.</param>
    /// <returns>
    /// Path of a folder, or of what stands for a file; null if the text names no such model, or is an address with a plus at
    /// which nothing can be seen, since it may be that of a model and of an adapter.
    /// </returns>
    /// <exception cref="DemException">The errors of <see cref="StoreCopies.Find"/>.</exception>
    public static string? Find(string text)
    {
        try
        {
            return StoreCopies.Find(text) ?? HubCache.Find(text);
        }
        catch (DemException e) when (text.Contains('+', StringComparison.Ordinal)
            && (e.Code == ErrorCode.StoreFileNotFound || e.Code == ErrorCode.StoreAccessRefused))
        {
            return null;
        }
    }

    /// <summary>Whether there is such a model.</summary>
    /// <param name="text">The address, the id, or another text.</param>
    public static bool IsThere(string text)
    {
        try
        {
            return Find(text) is not null;
        }
        catch (DemException e) when (e.Code == ErrorCode.StoreFileNotFound)
        {
            return false;
        }
    }
}
