using System.Text.Json.Serialization;

namespace DemEngine.Backends.Devices;

/// <summary>When a tile, or a part of one, passed through a device: seconds from a common origin, by the device's clock.</summary>
/// <param name="Asked">Its copy to the device was asked for.</param>
/// <param name="CopiedIn">It was there.</param>
/// <param name="Computed">The result was.</param>
/// <param name="CopiedOut">The result was in host memory.</param>
internal readonly record struct TileTimes(double Asked, double CopiedIn, double Computed, double CopiedOut);

/// <summary>The tiles of a run on a device, and how far copying in, computing and copying out overlapped.</summary>
/// <param name="tiles">In any order.</param>
internal sealed class DeviceTimeline(IReadOnlyList<TileTimes> tiles)
{
    /// <summary>The tiles.</summary>
    [JsonIgnore]
    public IReadOnlyList<TileTimes> Tiles => tiles;

    /// <summary>Number of tiles, or parts of tiles where one is larger than a buffer.</summary>
    public int Count => tiles.Count;

    /// <summary>From the first tile asked for to the last result in host memory.</summary>
    public double WallSeconds => tiles.Count == 0 ? 0 : tiles.Max(tile => tile.CopiedOut) - tiles.Min(tile => tile.Asked);

    /// <summary>Time in which at least one tile was being copied in, or waited for that.</summary>
    public double CopyInSeconds { get; } = Covered(tiles.Select(tile => (tile.Asked, tile.CopiedIn)));

    /// <summary>Time in which at least one tile was being computed, or waited for that.</summary>
    public double KernelSeconds { get; } = Covered(tiles.Select(tile => (tile.CopiedIn, tile.Computed)));

    /// <summary>Time in which at least one result was being copied out, or waited for that.</summary>
    public double CopyOutSeconds { get; } = Covered(tiles.Select(tile => (tile.Computed, tile.CopiedOut)));

    /// <summary>The sum of the three by the wall time: 1 if never two were at once, 3 if always all three.</summary>
    public double Overlap => WallSeconds > 0 ? (CopyInSeconds + KernelSeconds + CopyOutSeconds) / WallSeconds : 0;

    /// <summary>The most tiles that were under way at a time.</summary>
    public int MostUnderWay { get; } = Deepest(tiles);

    /// <summary>The length of the union of intervals.</summary>
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
        // A tile that ends where another starts makes room for it.
        IEnumerable<(double Time, int Change)> changes = tiles.SelectMany(tile => new[] { (tile.Asked, 1), (tile.CopiedOut, -1) });
        int underWay = 0;
        int most = 0;
        foreach (var (_, change) in changes.OrderBy(change => change.Time).ThenBy(change => change.Change))
            most = Math.Max(most, underWay += change);
        return most;
    }
}
