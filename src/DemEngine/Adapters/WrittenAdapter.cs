using System.Collections.Immutable;
using DemEngine.Checkpoints;

namespace DemEngine.Adapters;

/// <summary>An adapter that was computed, to be written.</summary>
/// <param name="Modules">The modules that are changed by factors, each with how well they stand for the change.</param>
/// <param name="Whole">Tensors that are saved whole, under their names in the model.</param>
/// <param name="Remarks">Notes for the user.</param>
internal sealed record WrittenAdapter(
    ImmutableArray<(FactorPair Factors, ModuleFit Fit)> Modules,
    ImmutableArray<FactorTensor> Whole,
    ImmutableArray<string> Remarks)
{
    /// <summary>The share of the whole change's ‖Δ‖² that the factors hold.</summary>
    public double Energy
    {
        get
        {
            double all = Modules.Sum(module => module.Fit.Norm * module.Fit.Norm);
            return all == 0 ? 1 : 1 - (Modules.Sum(module => Math.Pow(module.Fit.Norm * module.Fit.Error, 2)) / all);
        }
    }

    /// <summary>Whether it is written as a single file with α as tensors, and not as a folder of PEFT.</summary>
    public bool IsSingleFile => Modules.Any(module => module.Factors.Names.Layout == AdapterLayout.SingleFile);

    /// <summary>The tensors as they are written.</summary>
    public IEnumerable<ITensorData> Tensors =>
        [.. Modules.SelectMany(module => module.Factors.Tensors), .. Whole];

    /// <summary>Makes the configuration that belongs to the tensors.</summary>
    /// <param name="baseModel">Path of the model.</param>
    /// <param name="model">Names of all tensors of the model; null where they are not known.</param>
    public AdapterSettings Settings(string baseModel, IEnumerable<string>? model)
    {
        int rank = Modules.Select(module => module.Factors.Rank).DefaultIfEmpty(1).Max();
        string[] saved = [.. Whole.Select(tensor => tensor.Spec.Name[FactorNames.PeftPrefix.Length..])];
        return new AdapterSettings(baseModel, rank, rank, Targets(model))
        {
            Ranks = Modules.Where(module => module.Factors.Rank != rank)
                .ToDictionary(module => module.Factors.Names.Module, module => module.Factors.Rank, StringComparer.Ordinal),
            Saved = [.. saved.Where(name => !IsBias(name)).Select(ModuleOf).Distinct(StringComparer.Ordinal)],
            HasBiases = saved.Any(IsBias),
        };
    }

    // Ends of names are what people write. They are used where they mean the same modules.
    private string[] Targets(IEnumerable<string>? model)
    {
        string[] modules = [.. Modules.Select(module => module.Factors.Names.Module)];
        string[] ends = [.. modules.Select(End).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (model is null)
            return modules;
        HashSet<string> all = [.. model.Where(name => name.EndsWith(".weight", StringComparison.Ordinal)).Select(ModuleOf)];
        return all.Count(module => ends.Contains(End(module), StringComparer.Ordinal)) == modules.Length ? ends : modules;
    }

    private static string End(string module) => module[(module.LastIndexOf('.') + 1)..];

    private static bool IsBias(string tensor) => tensor.EndsWith(".bias", StringComparison.Ordinal);

    private static string ModuleOf(string tensor) => tensor.LastIndexOf('.') is > 0 and int dot ? tensor[..dot] : tensor;
}
