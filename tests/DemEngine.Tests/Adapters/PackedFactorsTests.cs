using DemEngine.Checkpoints;
using DemEngine.Checkpoints.Adapters.Changes;
using DemEngine.Memory;
using DemEngine.Numerics.LowRank;

namespace DemEngine.Tests.Adapters;

/// <summary>Memory of factors is used again, and never while somebody computes with them.</summary>
public sealed class PackedFactorsTests
{
    private const int Rank = 3;
    private const int Columns = 40;
    private const int Kept = 4;

    [Test]
    public void A_factor_in_use_keeps_its_numbers_while_others_come_and_go()
    {
        PackedFactors factors = OfOneAdapter();
        var first = new Numbered(0);
        using FactorUse use = factors.Of(first);
        for (int k = 1; k <= 3 * Kept; k++)
        {
            using FactorUse other = factors.Of(new Numbered(k));
            Check(other.Factor, k);
        }

        Check(use.Factor, 0);
        Assert.That(factors.Find(first), Is.Null, "it is still kept, so that nothing is tested");
    }

    [Test]
    public void Memory_that_nobody_uses_any_more_is_used_again()
    {
        PackedFactors factors = OfOneAdapter();
        var memories = new HashSet<AlignedSingles>(ReferenceEqualityComparer.Instance);
        for (int k = 0; k <= 3 * Kept; k++)
        {
            using FactorUse use = factors.Of(new Numbered(k));
            Check(use.Factor, k);
            memories.Add(use.Factor.Memory);
        }

        Assert.That(memories, Has.Count.EqualTo(Kept));
    }

    [Test]
    public void Factors_are_right_when_many_threads_use_them()
    {
        PackedFactors factors = OfOneAdapter();
        Numbered[] all = [.. Enumerable.Range(0, 3 * Kept).Select(k => new Numbered(k))];
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, step =>
        {
            int k = step * 7 % all.Length;
            using FactorUse use = factors.Of(all[k]);
            Check(use.Factor, k);
        });
    }

    private static PackedFactors OfOneAdapter()
    {
        var factors = new PackedFactors();
        factors.ExpectAdapter();
        return factors;
    }

    private static void Check(PackedFactor factor, int number)
    {
        for (int row = 0; row < Rank; row++)
        {
            for (int column = 0; column < Columns; column++)
            {
                if (factor[row, column] != Numbered.At(number, row, column))
                    Assert.Fail($"factor {number} has {factor[row, column]} at {row}, {column}");
            }
        }
    }

    private sealed class Numbered(int number) : IFactor
    {
        public int Rows => Rank;

        public int Columns => PackedFactorsTests.Columns;

        public IReadOnlyList<StoredTensor> Parts => [];

        public static float At(int number, int row, int column) => (number * 1000) + (row * 100) + column;

        public void Read(int firstRow, int rows, int firstColumn, int columns, Span<double> block, int stride)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                    block[(row * stride) + column] = At(number, firstRow + row, firstColumn + column);
            }
        }
    }
}
