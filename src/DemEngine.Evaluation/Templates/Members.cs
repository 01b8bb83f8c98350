namespace DemEngine.Evaluation.Templates;

/// <summary>Attributes, elements and methods of values.</summary>
internal static class Members
{
    /// <summary>
    /// The attribute of a value, or its element of that name where it has no such attribute (Jinja's documentation,
    /// "Variables").
    /// </summary>
    /// <returns><see cref="Undefined"/> if there is neither.</returns>
    public static object? Attribute(object? owner, string name) => owner switch
    {
        Mapping mapping => (object?)MappingMethod(mapping, name) ?? Key(mapping, name),
        string text => TextMethods.Find(text, name) ?? (object)new Undefined(name),
        List<object?> list => (object?)ListMethod(list, name) ?? new Undefined(name),
        Namespace group => group.Members.TryGetValue(name, out object? member) ? member : new Undefined(name),
        Attributes attributes => attributes.Find(name),
        _ => new Undefined(name),
    };

    /// <summary>The element of a value, or its attribute of that name where it has no such element.</summary>
    /// <returns><see cref="Undefined"/> if there is neither.</returns>
    public static object? Element(object? owner, object? key)
    {
        switch (owner)
        {
            case Mapping mapping when mapping.TryGetValue(key, out object? value):
                return value;
            case string text when key is long index:
                return Slices.Element(Values.Characters(text), index) is (true, var character) ? character : Missing(key);
            case List<object?> list when key is long index:
                return Slices.Element(list, index) is (true, var item) ? item : Missing(key);
            default:
                return key is string name ? Attribute(owner, name) : Missing(key);
        }
    }

    private static Undefined Missing(object? key) => new(PythonText.Of(key));

    private static object? Key(Mapping mapping, string name) =>
        mapping.TryGetValue(name, out object? value) ? value : new Undefined(name);

    private static Callable? MappingMethod(Mapping mapping, string name) => name switch
    {
        "items" => _ => new List<object?>(mapping.Select(pair => new TupleOf([pair.Key, pair.Value]))),
        "keys" => _ => new List<object?>(mapping.Keys),
        "values" => _ => new List<object?>(mapping.Values),
        "get" => call => call.Take("key", "default") is [var key, var otherwise]
            && mapping.TryGetValue(key, out object? value) ? value : call.Take("key", "default")[1],
        "update" or "pop" or "setdefault" or "clear" => Refused(name),
        _ => null,
    };

    private static Callable? ListMethod(List<object?> list, string name) => name switch
    {
        "index" => call => list.FindIndex(item => Values.AreEqual(item, call.Take("item")[0])) is >= 0 and int at
            ? (long)at
            : throw call.Fault("the list has no such item"),
        "count" => call => (long)list.Count(item => Values.AreEqual(item, call.Take("item")[0])),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "sort" or "reverse" => Refused(name),
        _ => null,
    };

    // Transformers runs templates in a sandbox in which nothing that is given can be changed.
    private static Callable Refused(string name) =>
        call => throw call.Fault($"'{name}' would change a list or a mapping, which templates may not");
}
