using System.Collections.Immutable;

namespace DemEngine.Lab.Experiment.Results;

/// <summary>Exercises of the sources as points of a plane, where similar exercises lie near each other.</summary>
/// <param name="Features">Description of the features that the map is computed from, in words.</param>
/// <param name="Shares">Share of the variance along each axis, 0 to 1.</param>
/// <param name="Clouds">Points of the sources, one entry for each source.</param>
public sealed record SourceMap(string Features, ImmutableArray<double> Shares, ImmutableArray<PointCloud> Clouds);

/// <summary>The points of one source.</summary>
/// <param name="Name">Name of the source.</param>
/// <param name="X">Coordinates along the first axis, one for each exercise.</param>
/// <param name="Y">Coordinates along the second axis, one for each exercise.</param>
public sealed record PointCloud(string Name, ImmutableArray<double> X, ImmutableArray<double> Y)
{
    /// <summary>Mean of the points.</summary>
    public (double X, double Y) Centroid => (X.Average(), Y.Average());
}

/// <summary>A metric as a function of a coefficient.</summary>
/// <param name="Name">Name of the coefficient.</param>
/// <param name="Values">Values of the coefficient, ascending.</param>
/// <param name="Lines">Lines of the curve: one for each validation set, then their mean.</param>
/// <param name="Best">Value that was chosen; null if none was.</param>
public sealed record CoefficientCurve(
    string Name,
    ImmutableArray<double> Values,
    ImmutableArray<CurveLine> Lines,
    double? Best);

/// <summary>A line of a <see cref="CoefficientCurve"/>.</summary>
/// <param name="Name">Name of the validation set, or <c>mean</c>.</param>
/// <param name="Values">Validation loss at each value of the coefficient, in nats per token.</param>
public sealed record CurveLine(string Name, ImmutableArray<double> Values);
