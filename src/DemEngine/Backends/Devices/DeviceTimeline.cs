using System.Text.Json.Serialization;

namespace DemEngine.Backends.Devices;

/// <summary>
/// Times at which a tile, or a part of one, passed through a device, in seconds from a common origin by the device's clock.
/// </summary>
/// <param name="Asked">Time at which the copy to the device was requested.</param>
/// <param name="CopiedIn">Time at which the copy to the device was complete.</param>
/// <param name="Computed">Time at which the result was computed.</param>
/// <param name="CopiedOut">Time at which the result was in host memory.</param>
internal readonly record struct TileTimes(double Asked, double CopiedIn, double Computed, double CopiedOut);

/// <summary>
/// Timeline of the tiles of a run on a device, which tells how far copying in, computing and copying out overlapped.
/// </summary>
/// <param name="tiles">Times of the tiles, in any order.</param>
internal sealed class DeviceTimeline(IReadOnlyList<TileTimes> tiles)
{
    /// <summary>Times of the tiles.</summary>
    [JsonIgnore]
    public IReadOnlyList<TileTimes> Tiles => tiles;

    /// <summary>Number of tiles, or parts of tiles where one is larger than a buffer.</summary>
    public int Count => tiles.Count;

    /// <summary>Seconds from the request of the first tile to the last result in host memory.</summary>
    public double WallSeconds => tiles.Count == 0 ? 0 : tiles.Max(tile => tile.CopiedOut) - tiles.Min(tile => tile.Asked);

    /// <summary>Seconds in which at least one tile was being copied in or waited for that.</summary>
    public double CopyInSeconds { get; } = Covered(tiles.Select(tile => (tile.Asked, tile.CopiedIn)));

    /// <summary>Seconds in which at least one tile was being computed or waited for that.</summary>
    public double KernelSeconds { get; } = Covered(tiles.Select(tile => (tile.CopiedIn, tile.Computed)));

    /// <summary>Seconds in which at least one result was being copied out or waited for that.</summary>
    public double CopyOutSeconds { get; } = Covered(tiles.Select(tile => (tile.Computed, tile.CopiedOut)));

    /// <summary>
    /// Sum of the copy-in, kernel and copy-out times divided by the wall time: 1 if no two were ever at once, 3 if all three
    /// always were.
    /// </summary>
    public double Overlap => WallSeconds > 0 ? (CopyInSeconds + KernelSeconds + CopyOutSeconds) / WallSeconds : 0;

    /// <summary>Maximum number of tiles in progress at a time.</summary>
    public int MostUnderWay { get; } = Deepest(tiles);

    /// <summary>Length of the union of intervals.</summary>
    private static double Covered(IEnumerable<(double From, double To)> intervals)
    {
        double covered = 0;
        double end = double.NegativeInfinity;
        foreach (var (from, to) in intervals.OrderBy(interval => interval.From))
        {
            covered += Math.Max(0, to - Math.Max(from, end));
            end = Math.Max(end, to);
        }

        return covered;
    }

    private static int Deepest(IReadOnlyList<TileTimes> tiles)
    {
        // A tile that ends when another starts does not overlap it.
        IEnumerable<(double Time, int Change)> changes =
            tiles.SelectMany(tile => new[] { (tile.Asked, 1), (tile.CopiedOut, -1) });
        int underWay = 0;
        int most = 0;
        foreach (var (_, change) in changes.OrderBy(change => change.Time).ThenBy(change => change.Change))
            most = Math.Max(most, underWay += change);
        return most;
    }
}
