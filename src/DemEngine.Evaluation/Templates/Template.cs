namespace DemEngine.Evaluation.Templates;

/// <summary>
/// A template of Jinja, in the part of the language that chat templates are written in (Jinja's documentation, "Template
/// Designer Documentation", and transformers' "Writing a chat template"). Whatever it does not know is refused, with its line.
/// </summary>
/// <param name="source">Text of the template.</param>
/// <param name="name">Name of the template in errors, such as its file.</param>
/// <exception cref="DemException">DEM2080 (BadChatTemplate): it is not valid, or has something unsupported.</exception>
internal sealed class Template(string source, string name)
{
    private readonly ParsedTemplate _parsed = TemplateParser.Parse(source, name);

    /// <summary>Whether the template marks what an assistant says.</summary>
    public bool HasGeneration => _parsed.HasGeneration;

    /// <summary>Writes the template with values for its names.</summary>
    /// <param name="values">
    /// Values: null, truth values, whole numbers of 64 bits, binary64 numbers, texts, lists and mappings of these.
    /// </param>
    /// <exception cref="DemException">
    /// DEM2080 (BadChatTemplate): something is asked of a value that it does not have. DEM2081 (ChatRefused): the template
    /// refuses what it is given.
    /// </exception>
    public TemplateWriter Render(IReadOnlyDictionary<string, object?> values) =>
        new Interpreter(name).Run(_parsed.Body, values);
}
