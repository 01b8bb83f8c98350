using DemEngine.Errors;

namespace DemEngine.Lab.Synthesis;

/// <summary>Finds the shape of a model by its name.</summary>
public static class ModelShapes
{
    private static readonly IModelShape[] Named = [.. LlamaShape.Named, .. DeepSeekShape.Named];

    /// <summary>Names of all shapes, the smallest first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Named.Select(shape => shape.Name)];

    /// <summary>Finds a shape by name, or reads one from a <c>config.json</c>; see <see cref="ConfiguredShape"/>.</summary>
    /// <param name="nameOrFile">One of <see cref="Names"/>, or path of a file or of its folder.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): there is no such name or file. DEM2023 (BadSideFile): the file cannot be read. DEM2101
    /// (UnknownArchitecture): the tensors of its architecture are not known. DEM2102 (BadConfig): a value is missing or wrong.
    /// </exception>
    public static IModelShape Find(string nameOrFile)
    {
        if (Named.FirstOrDefault(shape => shape.Name == nameOrFile) is { } named)
            return named;
        return Path.Exists(nameOrFile)
            ? ConfiguredShape.Read(nameOrFile)
            : throw new DemException(
                ErrorCode.BadArgument,
                $"there is no shape or file {Quoted.Name(nameOrFile)}{Misspelling.DidYouMean(nameOrFile, Names)}; shapes are "
                + string.Join(", ", Names));
    }
}
