namespace DemEngine.Native.Calls;

/// <summary>A text that the library keeps for its callers, and frees when nothing refers to it any more.</summary>
/// <param name="text">The text.</param>
internal sealed class KeptText(string text)
{
    ~KeptText() => NativeText.Free(Address);

    /// <summary>Address of its first byte.</summary>
    public nint Address { get; } = NativeText.Allocate(text);
}
