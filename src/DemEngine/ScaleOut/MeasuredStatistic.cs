using DemEngine.Merging.Tensors;
using DemEngine.Methods.Definition;
using DemEngine.Numerics.Deltas;

namespace DemEngine.ScaleOut;

/// <summary>A threshold that was measured.</summary>
/// <param name="Key">Key of the threshold.</param>
/// <param name="LastTie">Index of the last element with that key that is above it.</param>
internal sealed record MeasuredThreshold(uint Key, long LastTie);

/// <summary>What was measured over several tensors, for one of them.</summary>
/// <param name="Tensor">Name of the tensor.</param>
/// <param name="Order">Position of the statistic among those of the tensor.</param>
/// <param name="Request">What was asked for, in words.</param>
/// <param name="Thresholds">The thresholds; null for another statistic.</param>
/// <param name="Sums">Bits of the sums in binary64; null for another statistic.</param>
internal sealed record MeasuredStatistic(
    string Tensor,
    int Order,
    string Request,
    IReadOnlyList<MeasuredThreshold>? Thresholds,
    IReadOnlyList<long>? Sums)
{
    /// <summary>Takes what was measured.</summary>
    /// <param name="part">The tensor's part in the statistic, which is computed.</param>
    public static MeasuredStatistic Of(CrossTensorPart part) => part.Measurement switch
    {
        ThresholdStatistic thresholds => new MeasuredStatistic(
            part.Tensor,
            part.Order,
            thresholds.RequestText,
            [.. thresholds.Results.Select(one => new MeasuredThreshold(one.Key, one.LastTie))],
            null),
        SumStatistic sums => new MeasuredStatistic(
            part.Tensor, part.Order, sums.RequestText, null, [.. sums.Results.Select(BitConverter.DoubleToInt64Bits)]),
        var other => throw new ArgumentOutOfRangeException(nameof(part), other.GetType(), "not measured over several tensors"),
    };

    /// <summary>Gives a tensor what was measured elsewhere.</summary>
    /// <param name="part">The tensor's part in the statistic.</param>
    /// <returns>False if this is the result of another statistic.</returns>
    public bool TryGiveTo(CrossTensorPart part)
    {
        if (part.Measurement.RequestText != Request)
            return false;
        switch (part.Measurement)
        {
            case ThresholdStatistic thresholds when Thresholds?.Count == thresholds.Requests.Length:
                thresholds.Complete([.. Thresholds.Select(one => new Threshold(one.Key, one.LastTie))]);
                return true;
            case SumStatistic sums when Sums is not null:
                sums.Complete([.. Sums.Select(BitConverter.Int64BitsToDouble)]);
                return true;
            default:
                return false;
        }
    }
}
