using System.Collections.Immutable;

namespace DemEngine.Lab.Experiment.Results;

/// <summary>Exercises of the sources as points of a plane, so that like ones lie near each other.</summary>
/// <param name="Features">What the exercises were described by, in words.</param>
/// <param name="Shares">Share of the variance that each axis shows.</param>
/// <param name="Clouds">One for each source.</param>
public sealed record SourceMap(string Features, ImmutableArray<double> Shares, ImmutableArray<PointCloud> Clouds);

/// <summary>The points of one source.</summary>
/// <param name="Name">The source.</param>
/// <param name="X">Along the first axis.</param>
/// <param name="Y">Along the second.</param>
public sealed record PointCloud(string Name, ImmutableArray<double> X, ImmutableArray<double> Y)
{
    /// <summary>The mean of the points.</summary>
    public (double X, double Y) Centroid => (X.Average(), Y.Average());
}

/// <summary>A metric over a coefficient.</summary>
/// <param name="Name">Which coefficient.</param>
/// <param name="Values">Of the coefficient, ascending.</param>
/// <param name="Lines">One for each validation set, and their mean.</param>
/// <param name="Best">The value that was chosen; null if none was.</param>
public sealed record CoefficientCurve(string Name, ImmutableArray<double> Values, ImmutableArray<CurveLine> Lines, double? Best);

/// <summary>A line of a curve.</summary>
/// <param name="Name">The set.</param>
/// <param name="Values">Validation loss, in nats per token.</param>
public sealed record CurveLine(string Name, ImmutableArray<double> Values);
