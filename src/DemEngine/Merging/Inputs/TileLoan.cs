namespace DemEngine.Merging.Inputs;

/// <summary>Memory of a tile that is given back before the tile ends; see <see cref="ITileContext.Borrow"/>.</summary>
/// <param name="Context">Tile context that owns the memory.</param>
/// <param name="Block">Index of the block in use when the loan began.</param>
/// <param name="BlockUsed">Bytes of that block in use when the loan began.</param>
/// <param name="PartsRead">Number of parts read before the loan began.</param>
internal readonly record struct TileLoan(ITileContext Context, int Block, int BlockUsed, int PartsRead) : IDisposable
{
    /// <summary>Gives back the memory taken since the loan began.</summary>
    public void Dispose() => Context.Return(this);
}
