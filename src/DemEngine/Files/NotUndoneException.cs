namespace DemEngine.Files;

/// <summary>
/// Error after which a new file or folder has the name of the one before, and may not be on the disk. The one before has
/// another name, is whole, and must not be deleted.
/// </summary>
/// <param name="first">Error that was to be undone.</param>
/// <param name="kept">Path of what was there before.</param>
internal sealed class NotUndoneException(Exception first, string kept)
    : IOException($"{first.Message}; what was there before is whole, and is now {kept}", first.HResult);
