using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DemEngine.Analysis.Elements;

/// <summary>
/// Computes the statistics of a block of numbers. Vectors have four lanes on every machine, and lanes are added in a fixed order,
/// so that the result has the same bits everywhere.
/// </summary>
internal static class BlockStatistics
{
    /// <summary>Computes the statistics of a block.</summary>
    /// <param name="numbers">The numbers; those that are not finite are moved out of the way.</param>
    public static ElementStatistics Of(Span<double> numbers)
    {
        long all = numbers.Length;
        long nans = 0, infinities = 0;
        if (!AreFinite(numbers))
        {
            int kept = 0;
            for (int i = 0; i < numbers.Length; i++)
            {
                double number = numbers[i];
                if (double.IsFinite(number))
                    numbers[kept++] = number;
                else if (double.IsNaN(number))
                    nans++;
                else
                    infinities++;
            }

            numbers = numbers[..kept];
        }

        if (numbers.IsEmpty)
            return ElementStatistics.None with { Elements = all, NaNs = nans, Infinities = infinities };

        ReadOnlySpan<Vector256<double>> vectors = MemoryMarshal.Cast<double, Vector256<double>>(numbers);
        ReadOnlySpan<double> rest = numbers[(vectors.Length * Vector256<double>.Count)..];
        var sums = Vector256<double>.Zero;
        var zeros = Vector256<long>.Zero;
        Vector256<double> least = Vector256.Create(double.PositiveInfinity), most = Vector256.Create(double.NegativeInfinity);
        foreach (Vector256<double> vector in vectors)
        {
            sums += vector;
            zeros -= Vector256.Equals(vector, Vector256<double>.Zero).AsInt64();
            least = Vector256.Min(least, vector);
            most = Vector256.Max(most, vector);
        }

        double sum = Sum(sums);
        double min = Math.Min(Math.Min(least[0], least[1]), Math.Min(least[2], least[3]));
        double max = Math.Max(Math.Max(most[0], most[1]), Math.Max(most[2], most[3]));
        long zero = zeros[0] + zeros[1] + zeros[2] + zeros[3];
        foreach (double number in rest)
        {
            sum += number;
            min = Math.Min(min, number);
            max = Math.Max(max, number);
            zero += number == 0 ? 1 : 0;
        }

        double mean = sum / numbers.Length;
        var squares = Vector256<double>.Zero;
        foreach (Vector256<double> vector in vectors)
        {
            Vector256<double> difference = vector - Vector256.Create(mean);
            squares += difference * difference;
        }

        double squared = Sum(squares);
        foreach (double number in rest)
            squared += (number - mean) * (number - mean);

        // Adding 0 makes 0 of −0, which of the two is met first depends on the machine.
        return new ElementStatistics(all, zero, nans, infinities, min + 0.0, max + 0.0, mean, squared);
    }

    // The difference of a number that is not finite from itself is NaN, and so is every sum with it.
    private static bool AreFinite(ReadOnlySpan<double> numbers)
    {
        var differences = Vector256<double>.Zero;
        ReadOnlySpan<Vector256<double>> vectors = MemoryMarshal.Cast<double, Vector256<double>>(numbers);
        foreach (Vector256<double> vector in vectors)
            differences += vector - vector;
        double difference = Sum(differences);
        foreach (double number in numbers[(vectors.Length * Vector256<double>.Count)..])
            difference += number - number;
        return difference == 0;
    }

    private static double Sum(Vector256<double> lanes) => lanes[0] + lanes[1] + (lanes[2] + lanes[3]);
}
