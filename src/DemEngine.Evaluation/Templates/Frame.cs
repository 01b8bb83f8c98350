namespace DemEngine.Evaluation.Templates;

/// <summary>Names and their values in a template, a loop's body or a macro; what is not here is looked for around it.</summary>
/// <param name="around">The frame around this one; null for none.</param>
internal sealed class Frame(Frame? around)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>Gives a name a value in this frame.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>The value of a name; <see cref="Undefined"/> if it has none.</summary>
    public object? Find(string name)
    {
        for (Frame? frame = this; frame is not null; frame = frame.Around)
        {
            if (frame._values.TryGetValue(name, out object? value))
                return value;
        }

        return new Undefined(name);
    }

    private Frame? Around => around;
}
