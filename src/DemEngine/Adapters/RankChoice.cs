namespace DemEngine.Adapters;

/// <summary>How the rank of each module of a written adapter is chosen.</summary>
/// <param name="Rank">The largest rank; null for none but the matrix's own.</param>
/// <param name="Energy">
/// The share of ‖Δ‖² that the factors are to hold, from 0 to 1, for which the least rank is taken; null for the largest rank.
/// </param>
internal readonly record struct RankChoice(int? Rank, double? Energy)
{
    /// <summary>Throws unless a rank or a share is given, and both are possible.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument).</exception>
    public void Check()
    {
        if (Rank is null && Energy is null)
            throw new DemException(
                ErrorCode.BadArgument, "an adapter needs a rank, or the share of the change that it is to hold");
        if (Rank < 1)
            throw new DemException(ErrorCode.BadArgument, "the rank of an adapter is at least 1");
        if (Energy is { } energy && !(energy > 0 && energy <= 1))
            throw new DemException(ErrorCode.BadArgument, "the share of a change that an adapter holds lies between 0 and 1");
    }
}
