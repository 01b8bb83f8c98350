namespace DemEngine.Merging.Inputs;

/// <summary>Memory of a tile that is given back before the tile ends; see <see cref="ITileContext.Borrow"/>.</summary>
/// <param name="Context">Whose memory it is.</param>
/// <param name="Block">The block in use when the loan began.</param>
/// <param name="BlockUsed">Bytes of that block in use then.</param>
/// <param name="PartsRead">Number of parts read by then.</param>
internal readonly record struct TileLoan(ITileContext Context, int Block, int BlockUsed, int PartsRead) : IDisposable
{
    /// <summary>Gives back what was taken since the loan began.</summary>
    public void Dispose() => Context.Return(this);
}
