using System.Globalization;
using DemEngine.Errors;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Sweeps;

namespace DemEngine.Lab.Benchmarking;

/// <summary>Recipes by which a method is measured: with parameters that have it do all of its work.</summary>
/// <param name="method">Which method.</param>
internal sealed class BenchRecipe(IMergeMethod method)
{
    private static readonly int[] DefaultSources = [1, 2, 4];

    /// <summary>Shares, and how far to go: neither nothing nor everything.</summary>
    private static readonly string[] Shares = ["density", "select_topk", "t"];

    /// <summary>What is searched, where a method has it.</summary>
    private static readonly string[] Swept = ["weight", "t", "scale"];

    /// <summary>Finds a method.</summary>
    /// <exception cref="DemException">DEM1001: there is none of that name.</exception>
    public static BenchRecipe Of(string method) => new(MergeMethods.Find(method) ?? throw new DemException(
        ErrorCode.BadArgument, $"there is no method {Quoted.Name(method)}; methods are {string.Join(", ", MergeMethods.All.Select(known => known.Name))}"));

    /// <summary>The numbers of sources to be measured.</summary>
    /// <param name="asked">Those asked for; if none are, the usual ones that the method takes.</param>
    /// <exception cref="DemException">DEM1001: the method takes more or fewer.</exception>
    public IReadOnlyList<int> Sources(IReadOnlyList<int>? asked)
    {
        var (fewest, most) = method.Sources;
        if (asked is null)
            return [.. DefaultSources.Where(sources => sources >= fewest && sources <= most)];

        foreach (int sources in asked.Where(sources => sources < fewest || sources > most))
        {
            string taken = most == int.MaxValue ? $"{fewest} or more" : fewest == most ? $"{fewest}" : $"{fewest} to {most}";
            throw new DemException(ErrorCode.BadArgument, $"the method {method.Name} cannot be measured with {sources} sources; it takes {taken}");
        }

        return asked;
    }

    /// <summary>The recipe.</summary>
    /// <param name="baseModel">A path.</param>
    /// <param name="sources">Paths.</param>
    public string Text(string baseModel, IEnumerable<string> sources)
    {
        string head = $"merge_method: {method.Name}\n" + (method.Base == BaseUse.NotUsed ? "" : $"base_model: '{baseModel}'\n");
        string shares = string.Join(", ", method.Parameters.Where(parameter => Shares.Contains(parameter.Name)).Select(parameter => $"{parameter.Name}: 0.3"));
        bool hasWeights = method.Parameters.Any(parameter => parameter.Name == "weight");

        // Weights whose products need every bit, as searched ones do.
        IEnumerable<string> models = sources.Select((model, k) => $"  - model: '{model}'\n"
            + (hasWeights ? string.Create(CultureInfo.InvariantCulture, $"    parameters: {{weight: {0.7 / (k + 1.3)}}}\n") : ""));
        return $"{head}parameters: {{{shares}}}\nmodels:\n{string.Concat(models)}";
    }

    /// <summary>A parameter with so many values that measurements do not depend on.</summary>
    /// <exception cref="DemException">DEM1001: the method has none.</exception>
    public SweepAxis Axis(int values)
    {
        MethodParameter? swept = Swept.Select(name => method.Parameters.FirstOrDefault(parameter => parameter.Name == name)).FirstOrDefault(found => found is not null);
        return swept is null
            ? throw new DemException(ErrorCode.BadArgument, $"the method {method.Name} has none of the parameters {string.Join(", ", Swept)} to sweep")
            : new SweepAxis(swept.PerModel ? 0 : null, swept.Name, [.. Enumerable.Range(1, values).Select(k => (decimal)k / (values + 1))]);
    }
}
