namespace DemEngine.Lab.Synthesis;

/// <summary>Finds the shape of a model by its name.</summary>
public static class ModelShapes
{
    /// <summary>Names of all shapes, the smallest first.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. LlamaShape.Named.Select(shape => shape.Name), .. DeepSeekShape.Named.Select(shape => shape.Name)];

    /// <summary>Finds a shape by name, or reads one of the Llama architecture from a <c>config.json</c>.</summary>
    /// <param name="nameOrFile">One of <see cref="Names"/>, or path of a file.</param>
    /// <exception cref="DemException">
    /// DEM1001 (BadArgument): there is no such name or file. DEM2023 (BadSideFile): the file is not such a configuration.
    /// </exception>
    public static IModelShape Find(string nameOrFile)
    {
        if (DeepSeekShape.Named.FirstOrDefault(shape => shape.Name == nameOrFile) is { } mixture)
            return mixture;
        return LlamaShape.Find(nameOrFile);
    }
}
