namespace DemEngine.Merging.Quantizing;

/// <summary>
/// The maxima of one matrix, which its codes and its scales both need. Whichever of the two is made first measures them.
/// </summary>
/// <param name="create">Function that makes maxima to measure into.</param>
internal sealed class SharedMaxima(Func<BlockMaxima> create)
{
    private BlockMaxima? _known;

    /// <summary>The maxima, once they are measured; null before.</summary>
    public BlockMaxima? Known
    {
        get => Volatile.Read(ref _known);
        set => Volatile.Write(ref _known, value);
    }

    /// <summary>Makes maxima to measure into.</summary>
    public BlockMaxima New() => create();
}
