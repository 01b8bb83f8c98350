namespace DemEngine.Evaluation.Templates;

/// <summary>The arguments of a call.</summary>
/// <param name="name">What is called, named in errors.</param>
/// <param name="positional">Values by their places.</param>
/// <param name="named">Values by their names.</param>
/// <param name="place">Template and line of the call, named in errors.</param>
internal sealed class Arguments(
    string name,
    IReadOnlyList<object?> positional,
    IReadOnlyDictionary<string, object?> named,
    (string Template, int Line) place)
{
    public (string Template, int Line) Place => place;

    public IReadOnlyList<object?> Positional => positional;

    public IReadOnlyDictionary<string, object?> Named => named;

    /// <summary>Makes an error about the call.</summary>
    public DemException Fault(string what) => TemplateFault.At(place.Template, place.Line, $"{name}: {what}");

    /// <summary>Takes the arguments of these names, in this order; those that are not given are null.</summary>
    /// <exception cref="DemException">DEM2080 (BadChatTemplate): there are others, or one is given twice.</exception>
    public object?[] Take(params ReadOnlySpan<string> names)
    {
        if (positional.Count > names.Length)
            throw Fault($"it takes at most {names.Length} arguments, and has {positional.Count}");
        var taken = new object?[names.Length];
        for (int k = 0; k < positional.Count; k++)
            taken[k] = positional[k];
        foreach (var (key, value) in named)
        {
            int place = names.IndexOf(key);
            if (place < 0)
                throw Fault($"it takes no argument '{key}'");
            if (place < positional.Count)
                throw Fault($"the argument '{key}' is given twice");
            taken[place] = value;
        }

        return taken;
    }

    /// <summary>A text among the arguments that were taken.</summary>
    public string Text(object? value, string what) =>
        value as string ?? throw Fault($"{what} is {Values.TypeOf(value)}, and must be a text");

    /// <summary>A whole number among the arguments that were taken.</summary>
    public long Integer(object? value, string what) => value switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw Fault($"{what} is {Values.TypeOf(value)}, and must be a whole number"),
    };

    /// <summary>The items of a list among the arguments that were taken.</summary>
    public List<object?> Items(object? value, string what) =>
        Values.Items(value)?.ToList() ?? throw Fault($"{what} is {Values.TypeOf(value)}, and must be a list");
}
