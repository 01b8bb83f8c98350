using DemEngine.Errors;

namespace DemEngine.Checkpoints.Adapters;

/// <summary>
/// Tensors that an adapter stores whole, as PEFT does with <c>modules_to_save</c>, in place of the model's own.
/// </summary>
internal static class WholeTensors
{
    /// <summary>
    /// Name of the module that a tensor is of. It is looked for by its module, since modules are what the model's names are known
    /// by.
    /// </summary>
    /// <param name="whole">The tensor.</param>
    public static string ModuleOf(StoredTensor whole) => Divide(whole).Module;

    /// <summary>The tensors by the names that the model gives them, where it has their modules.</summary>
    /// <param name="contents">The adapter's tensors.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="model">The model.</param>
    /// <param name="places">Names of modules in the model, by their names in the adapter.</param>
    /// <exception cref="DemException">DEM2047 (AdapterDoesNotFit): the model's tensor has another shape.</exception>
    public static Dictionary<string, StoredTensor> Place(
        AdapterContents contents, Checkpoint adapter, Checkpoint model, IReadOnlyDictionary<string, string> places)
    {
        var placed = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (StoredTensor whole in contents.Whole)
        {
            var (module, suffix) = Divide(whole);
            if (!places.TryGetValue(module, out string? place))
                continue;
            string name = place + suffix;
            if (model.Find(name) is { } own && own.Spec.Shape != whole.Spec.Shape)
                throw new DemException(
                    ErrorCode.AdapterDoesNotFit,
                    $"{adapter.Path}: {Quoted.Name(whole.Spec.Name)}, which was saved whole, is {whole.Spec.Shape}, "
                    + $"and {Quoted.Name(name)} of {Quoted.Name(model.Path)} is {own.Spec.Shape}")
                {
                    Path = adapter.Path,
                    Tensor = name,
                };
            placed.Add(name, whole.Named(name));
        }

        return placed;
    }

    private static (string Module, string Suffix) Divide(StoredTensor whole)
    {
        string name = AdapterName.Parse(whole.Spec.Name).Module;
        foreach (string suffix in new[] { ".weight", ".bias" })
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
                return (name[..^suffix.Length], suffix);
        }

        return (name, "");
    }
}
