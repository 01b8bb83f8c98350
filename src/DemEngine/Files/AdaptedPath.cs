using DemEngine.Errors;

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
    /// <exception cref="DemException">DEM2087 (SeveralAdapters): it is a model with more than one adapter.</exception>
    public static AdaptedPath? Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Divide(path).FirstOrDefault(parts => IsThere(parts.Model) && IsThere(parts.Adapter))
            ?? (Several(path, IsThere) is { } several ? throw SeveralAdapters(several) : null);
    }

    /// <summary>Takes a model with more than one adapter apart; null where the text is none.</summary>
    /// <param name="path">The paths with a plus between each two.</param>
    /// <param name="isThere">Function that says whether a path leads to something.</param>
    internal static IReadOnlyList<string>? Several(string path, Func<string, bool> isThere)
    {
        return Divide(path).Where(parts => isThere(parts.Model))
            .Select(parts => Adapters(parts.Adapter) is { Length: > 1 } adapters ? (string[])[parts.Model, .. adapters] : null)
            .FirstOrDefault(parts => parts is not null);

        string[]? Adapters(string rest) => isThere(rest)
            ? [rest]
            : Divide(rest).Where(parts => isThere(parts.Model))
                .Select(parts => Adapters(parts.Adapter) is { } others ? (string[])[parts.Model, .. others] : null)
                .FirstOrDefault(parts => parts is not null);
    }

    /// <summary>Makes the error of a model with more than one adapter.</summary>
    /// <param name="paths">The paths of the model and of its adapters.</param>
    internal static DemException SeveralAdapters(IReadOnlyList<string> paths) => new(
        ErrorCode.SeveralAdapters,
        $"{string.Join('+', paths)}: there are {paths.Count - 1} adapters beside the model, and one is read",
        remedy: RemedyFor(paths))
    {
        Path = paths[0],
    };

    /// <summary>Says what to type in place of a model with more than one adapter.</summary>
    /// <param name="paths">The paths of the model and of its adapters.</param>
    internal static string RemedyFor(IReadOnlyList<string> paths) =>
        $"Add the adapters up, `dem lora {string.Join(' ', paths.Skip(1).Select(ShellWord.Of))} --out sum`, and give "
        + $"{ShellWord.Of($"{paths[0]}+sum")}. Or take a recipe of `merge_method: task_arithmetic` with `base_model: {paths[0]}` "
        + $"and a source for each adapter: `{{model: {paths[0]}, lora: {paths[1]}, parameters: {{weight: 1}}}}`.";

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
