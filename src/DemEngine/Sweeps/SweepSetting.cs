using System.Globalization;

namespace DemEngine.Sweeps;

/// <summary>The value that a parameter has in one merge of a sweep.</summary>
/// <param name="Model">Position among the recipe's models; null for the recipe's own parameters.</param>
/// <param name="Parameter">Name of the parameter.</param>
/// <param name="Value">Its value.</param>
public sealed record SweepSetting(int? Model, string Parameter, decimal Value)
{
    /// <summary>The parameter in the form that an axis has: <c>models[0].weight</c> or <c>lambda</c>.</summary>
    public string Name => Model is { } model
        ? string.Create(CultureInfo.InvariantCulture, $"models[{model}].{Parameter}")
        : Parameter;
}
