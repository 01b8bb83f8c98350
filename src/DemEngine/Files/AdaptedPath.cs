namespace DemEngine.Files;

/// <summary>Paths of a model and of an adapter that changes it.</summary>
/// <param name="Model">Path of the model.</param>
/// <param name="Adapter">Path of the adapter.</param>
public sealed record AdaptedPath(string Model, string Adapter)
{
    /// <summary>The component of a pipeline that the model is; null for a model that is none.</summary>
    internal PipelinePart? Part { get; init; }

    /// <summary>Takes <c>model+adapter</c> apart, where both are there.</summary>
    /// <param name="path">The two paths with a plus between.</param>
    /// <returns>The paths; null where no plus divides the text into a model and an adapter that are there.</returns>
    public static AdaptedPath? Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Divide(path).FirstOrDefault(parts => IsThere(parts.Model) && IsThere(parts.Adapter));
    }

    /// <summary>Takes a text apart at each plus in turn.</summary>
    /// <param name="path">The text.</param>
    internal static IEnumerable<AdaptedPath> Divide(string path)
    {
        for (int plus = path.IndexOf('+', StringComparison.Ordinal); plus >= 0; plus = path.IndexOf('+', plus + 1))
        {
            if (plus > 0 && plus < path.Length - 1)
                yield return new AdaptedPath(path[..plus], path[(plus + 1)..]);
        }
    }

    private static bool IsThere(string path) => Path.Exists(path) || NamedModel.IsThere(path);
}
