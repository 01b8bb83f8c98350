using DemEngine.Kernels.Elements;
using DemEngine.Numerics.Deltas;
using ILGPU;
using ILGPU.Util;

namespace DemEngine.Kernels.Deltas;

/// <summary>
/// A source's <see cref="DeltaWeights"/> in the form that the kernel reads: 16 bytes, since views start at multiples of 16 bytes.
/// </summary>
internal struct DeviceWeights
{
    public float Weight;
    public float Vote;
    public float Share;
    public float Unused;
}

/// <summary>Parameters of a launch of <see cref="ConsensusKernel"/>.</summary>
internal struct MixShape
{
    public long Elements;

    /// <summary>Distance between the differences of consecutive sources, in units of 16 bytes.</summary>
    public long Stride;

    public int Sources;

    /// <summary>The consensus, as a number of <see cref="Consensus"/>.</summary>
    public int Mixing;

    /// <summary>
    /// Always 0, which the compiler must not know. It simplifies x + 0 to x, which is wrong where x is −0.
    /// </summary>
    public double Zero;
}

/// <summary>Computes y = b + m, where m is the consensus of the sparse differences of several sources.</summary>
/// <remarks>
/// Arithmetic: <see cref="Consensus"/> and <see cref="DeltaCombination"/>. Products of two binary32 numbers are exact in double,
/// and no quotient is multiplied, so that fusing changes nothing. Elements whose result is not finite are counted; the host
/// counts the inputs that are not finite for these. Each thread takes groups of eight elements, a grid apart, and combines four
/// at a time, which keeps the sums in registers.
/// </remarks>
internal static class ConsensusKernel
{
    public static void Run<TBase, TOutput>(
        ArrayView<Words4> basis,
        ArrayView<Words4> deltas,
        ArrayView<Words4> output,
        ArrayView<DeviceWeights> weights,
        ArrayView<long> counts,
        MixShape shape)
        where TBase : unmanaged, IDeviceElement
        where TOutput : unmanaged, IDeviceElement
    {
        long groups = (shape.Elements + Eight.Count - 1) / Eight.Count;
        long step = (long)Grid.DimX * Group.DimX;
        for (long group = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; group < groups; group += step)
        {
            Four lower = Mix(deltas, weights, shape, 2 * group);
            Four upper = Mix(deltas, weights, shape, (2 * group) + 1);
            Eight b = TBase.Load(basis, 0, group);
            var sum = new Eight(
                b.E0 + lower.E0,
                b.E1 + lower.E1,
                b.E2 + lower.E2,
                b.E3 + lower.E3,
                b.E4 + upper.E0,
                b.E5 + upper.E1,
                b.E6 + upper.E2,
                b.E7 + upper.E3);
            uint nonFinite = TOutput.Store(sum, output, 0, group);
            if (nonFinite != 0)
            {
                nonFinite = NonFiniteCount.WithoutPadding(nonFinite, shape.Elements, group);
                if (nonFinite != 0)
                    NonFiniteCount.Add(counts, 0, nonFinite);
            }
        }
    }

    private static Four Mix(ArrayView<Words4> deltas, ArrayView<DeviceWeights> weights, MixShape shape, long at)
    {
        if (shape.Mixing == (int)Consensus.Sum)
            return Sum(deltas, weights, shape, at);
        return shape.Mixing == (int)Consensus.Overlap
            ? Overlap(deltas, weights, shape, at)
            : Agreeing(deltas, weights, shape, at);
    }

    private static Four Sum(ArrayView<Words4> deltas, ArrayView<DeviceWeights> weights, MixShape shape, long at)
    {
        var sum = new Four(shape.Zero);
        for (int k = 0; k < shape.Sources; k++)
            sum = sum.Add(weights[k].Weight, Load(deltas, shape, k, at));
        return sum;
    }

    private static Four Overlap(ArrayView<Words4> deltas, ArrayView<DeviceWeights> weights, MixShape shape, long at)
    {
        var alone = new Four(shape.Zero);
        var shared = new Four(shape.Zero);
        var there = new Four(shape.Zero);
        for (int k = 0; k < shape.Sources; k++)
        {
            Four delta = Load(deltas, shape, k, at);
            alone = alone.Add(weights[k].Weight, delta);
            shared = shared.Add(weights[k].Share, delta);
            there = new Four(
                There(there.E0, delta.E0), There(there.E1, delta.E1), There(there.E2, delta.E2), There(there.E3, delta.E3));
        }

        return new Four(
            Mean(alone.E0, shared.E0, there.E0),
            Mean(alone.E1, shared.E1, there.E1),
            Mean(alone.E2, shared.E2, there.E2),
            Mean(alone.E3, shared.E3, there.E3));
    }

    private static Four Agreeing(ArrayView<Words4> deltas, ArrayView<DeviceWeights> weights, MixShape shape, long at)
    {
        var votes = new Four(shape.Zero);
        for (int k = 0; k < shape.Sources; k++)
            votes = votes.Add(weights[k].Vote, Load(deltas, shape, k, at));

        var signs = new Four(Sign(votes.E0), Sign(votes.E1), Sign(votes.E2), Sign(votes.E3));
        var sum = new Four(shape.Zero);
        var share = new Four(shape.Zero);
        for (int k = 0; k < shape.Sources; k++)
        {
            DeviceWeights of = weights[k];
            double weight = of.Weight;
            Four delta = Load(deltas, shape, k, at);
            bool a0 = Agrees(signs.E0, of.Vote, delta.E0);
            bool a1 = Agrees(signs.E1, of.Vote, delta.E1);
            bool a2 = Agrees(signs.E2, of.Vote, delta.E2);
            bool a3 = Agrees(signs.E3, of.Vote, delta.E3);
            sum = new Four(
                sum.E0 + Utilities.Select(a0, weight * delta.E0, 0.0), sum.E1 + Utilities.Select(a1, weight * delta.E1, 0.0),
                sum.E2 + Utilities.Select(a2, weight * delta.E2, 0.0), sum.E3 + Utilities.Select(a3, weight * delta.E3, 0.0));
            share = new Four(
                share.E0 + Utilities.Select(a0, (double)of.Share, 0.0), share.E1 + Utilities.Select(a1, (double)of.Share, 0.0),
                share.E2 + Utilities.Select(a2, (double)of.Share, 0.0), share.E3 + Utilities.Select(a3, (double)of.Share, 0.0));
        }

        if (shape.Mixing == (int)Consensus.Agreeing)
            return sum;
        return new Four(
            sum.E0 / Divisor(share.E0),
            sum.E1 / Divisor(share.E1),
            sum.E2 / Divisor(share.E2),
            sum.E3 / Divisor(share.E3));
    }

    private static double Sign(double votes) => Utilities.Select(votes < 0, -1.0, 1.0);

    /// <summary>
    /// Whether a source votes for the sign. Negating ≤ 0 would not do, because a code generator may take it for &gt; 0.
    /// </summary>
    private static bool Agrees(double sign, double vote, double delta)
    {
        double voted = sign * vote * delta;
        return (voted > 0) | double.IsNaN(voted);
    }

    private static double Divisor(double share) => Utilities.Select(share == 0, 1.0, share);

    private static double There(double count, double delta) =>
        count + Utilities.Select((delta > 0) | (delta < 0) | double.IsNaN(delta), 1.0, 0.0);

    private static double Mean(double alone, double shared, double there) =>
        Utilities.Select(there > 1, shared / Utilities.Select(there > 1, there, 1.0), alone);

    private static Four Load(ArrayView<Words4> deltas, MixShape shape, int source, long at)
    {
        Words4 words = deltas[(source * shape.Stride) + at];
        return new Four(
            Interop.IntAsFloat(words.W0),
            Interop.IntAsFloat(words.W1),
            Interop.IntAsFloat(words.W2),
            Interop.IntAsFloat(words.W3));
    }

    /// <summary>The values of four neighbouring elements.</summary>
    private struct Four
    {
        public double E0;
        public double E1;
        public double E2;
        public double E3;

        public Four(double all)
            : this(all, all, all, all)
        {
        }

        public Four(double e0, double e1, double e2, double e3)
        {
            E0 = e0;
            E1 = e1;
            E2 = e2;
            E3 = e3;
        }

        /// <summary>Adds w·x, where the product is exact.</summary>
        public readonly Four Add(double w, Four x) => new(E0 + (w * x.E0), E1 + (w * x.E1), E2 + (w * x.E2), E3 + (w * x.E3));
    }
}
