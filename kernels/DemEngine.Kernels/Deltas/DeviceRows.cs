using DemEngine.Numerics.Deltas;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// Where the rows of a tensor lie in a part of it. Parts and rows are so short that places are counted in 32 bits, which devices
/// divide much faster than 64.
/// </summary>
internal struct DeviceRows
{
    /// <summary>Number of elements in a row.</summary>
    public uint Elements;

    /// <summary>Distance of the part's first element from the start of the row to which the first factor belongs.</summary>
    public uint Offset;

    /// <summary>Rows of a part.</summary>
    /// <param name="factors">Factors of rows.</param>
    /// <param name="firstOfFactors">Index of an element of the row to which the first factor belongs.</param>
    /// <param name="first">Index of the part's first element.</param>
    public static DeviceRows Of(RowFactors factors, long firstOfFactors, long first)
    {
        long row = firstOfFactors / factors.RowElements;
        return new DeviceRows
        {
            Elements = (uint)factors.RowElements,
            Offset = (uint)(first - (row * factors.RowElements)),
        };
    }

    /// <summary>Index of the factor that belongs to an element.</summary>
    /// <param name="inPart">Index of the element in the part.</param>
    public readonly uint RowOf(uint inPart) => (Offset + inPart) / Elements;
}
