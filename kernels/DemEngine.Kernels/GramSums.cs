using DemEngine.Numerics;
using ILGPU;

namespace DemEngine.Kernels;

/// <summary>Number of vectors of which <see cref="GramSums"/> adds products, for each of which a loop is compiled.</summary>
internal interface IVectorCount
{
    /// <summary>Number of vectors, 2 to 4.</summary>
    static abstract int Count { get; }
}

/// <summary>
/// A lane's sums of products ⟨vᵢ, vⱼ⟩ for i ≤ j, held in registers. In memory they lie column after column, so that those of
/// fewer vectors come first, each with one number for every lane.
/// </summary>
internal struct GramSums
{
    private double _s00;
    private double _s01;
    private double _s11;
    private double _s02;
    private double _s12;
    private double _s22;
    private double _s03;
    private double _s13;
    private double _s23;
    private double _s33;

    /// <summary>Reads a lane's sums.</summary>
    /// <param name="ofLane">The sums, from the first one of the lane.</param>
    public static GramSums Load<TVectors>(ArrayView<double> ofLane)
        where TVectors : unmanaged, IVectorCount
    {
        GramSums sums = default;
        sums._s00 = ofLane[0];
        sums._s01 = ofLane[GramOrder.Lanes];
        sums._s11 = ofLane[2 * GramOrder.Lanes];
        if (TVectors.Count > 2)
        {
            sums._s02 = ofLane[3 * GramOrder.Lanes];
            sums._s12 = ofLane[4 * GramOrder.Lanes];
            sums._s22 = ofLane[5 * GramOrder.Lanes];
        }

        if (TVectors.Count > 3)
        {
            sums._s03 = ofLane[6 * GramOrder.Lanes];
            sums._s13 = ofLane[7 * GramOrder.Lanes];
            sums._s23 = ofLane[8 * GramOrder.Lanes];
            sums._s33 = ofLane[9 * GramOrder.Lanes];
        }

        return sums;
    }

    /// <summary>
    /// Adds the products of one value of each vector. Products of binary32 are exact, so that fusing changes nothing.
    /// </summary>
    public static GramSums Add<TVectors>(GramSums sums, double v0, double v1, double v2, double v3)
        where TVectors : unmanaged, IVectorCount
    {
        sums._s00 += v0 * v0;
        sums._s01 += v0 * v1;
        sums._s11 += v1 * v1;
        if (TVectors.Count > 2)
        {
            sums._s02 += v0 * v2;
            sums._s12 += v1 * v2;
            sums._s22 += v2 * v2;
        }

        if (TVectors.Count > 3)
        {
            sums._s03 += v0 * v3;
            sums._s13 += v1 * v3;
            sums._s23 += v2 * v3;
            sums._s33 += v3 * v3;
        }

        return sums;
    }

    /// <summary>Writes a lane's sums.</summary>
    public static void Store<TVectors>(GramSums sums, ArrayView<double> ofLane)
        where TVectors : unmanaged, IVectorCount
    {
        ofLane[0] = sums._s00;
        ofLane[GramOrder.Lanes] = sums._s01;
        ofLane[2 * GramOrder.Lanes] = sums._s11;
        if (TVectors.Count > 2)
        {
            ofLane[3 * GramOrder.Lanes] = sums._s02;
            ofLane[4 * GramOrder.Lanes] = sums._s12;
            ofLane[5 * GramOrder.Lanes] = sums._s22;
        }

        if (TVectors.Count > 3)
        {
            ofLane[6 * GramOrder.Lanes] = sums._s03;
            ofLane[7 * GramOrder.Lanes] = sums._s13;
            ofLane[8 * GramOrder.Lanes] = sums._s23;
            ofLane[9 * GramOrder.Lanes] = sums._s33;
        }
    }

    /// <summary>Two vectors.</summary>
    internal readonly struct Two : IVectorCount
    {
        public static int Count => 2;
    }

    /// <summary>Three vectors.</summary>
    internal readonly struct Three : IVectorCount
    {
        public static int Count => 3;
    }

    /// <summary>Four vectors.</summary>
    internal readonly struct Four : IVectorCount
    {
        public static int Count => 4;
    }
}
