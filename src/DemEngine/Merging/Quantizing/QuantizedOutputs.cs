using System.Collections.Immutable;

namespace DemEngine.Merging.Quantizing;

/// <summary>The quantised forms that can be written. A new one is a class of its own and its line here.</summary>
internal static class QuantizedOutputs
{
    private static readonly ImmutableArray<IQuantizedOutput> All = [new Fp8BlockOutput(), new ScaledFp8Output()];

    /// <summary>Finds the form that a recipe names as its <c>out_dtype</c>; null if that is none.</summary>
    public static IQuantizedOutput? Find(string? name) => All.FirstOrDefault(form => form.Name == name);
}
