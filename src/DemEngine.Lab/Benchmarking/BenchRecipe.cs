using System.Globalization;
using DemEngine.Errors;
using DemEngine.Methods;
using DemEngine.Methods.Definition;
using DemEngine.Sweeps;

namespace DemEngine.Lab.Benchmarking;

/// <summary>Generates recipes for measuring a method, with parameters that make it do all of its work.</summary>
/// <param name="method">Method to measure.</param>
internal sealed class BenchRecipe(IMergeMethod method)
{
    private static readonly int[] DefaultSources = [1, 2, 4];

    /// <summary>Parameters that are shares or fractions. They are set to neither nothing nor everything.</summary>
    private static readonly string[] Shares = ["density", "select_topk", "t"];

    /// <summary>Parameters that a sweep varies; the first one that the method has is used.</summary>
    private static readonly string[] Swept = ["weight", "t", "scale"];

    /// <summary>Finds the method of a name.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): there is no method of that name.</exception>
    public static BenchRecipe Of(string method) => new(MergeMethods.Find(method) ?? throw new DemException(
        ErrorCode.BadArgument,
        $"there is no method {Quoted.Name(method)}"
        + $"{Misspelling.DidYouMean(method, MergeMethods.All.Select(known => known.Name))}; "
        + $"methods are {string.Join(", ", MergeMethods.All.Select(known => known.Name))}"));

    /// <summary>Chooses the numbers of sources to measure.</summary>
    /// <param name="asked">Requested numbers; null for those of the default numbers that the method accepts.</param>
    /// <exception cref="DemException">DEM1001 (BadArgument): the method takes more sources or fewer.</exception>
    public IReadOnlyList<int> Sources(IReadOnlyList<int>? asked)
    {
        var (fewest, most) = method.Sources;
        if (asked is null)
            return [.. DefaultSources.Where(sources => sources >= fewest && sources <= most)];

        foreach (int sources in asked.Where(sources => sources < fewest || sources > most))
        {
            string taken = most == int.MaxValue ? $"{fewest} or more" : fewest == most ? $"{fewest}" : $"{fewest} to {most}";
            throw new DemException(
                ErrorCode.BadArgument,
                $"the method {method.Name} cannot be measured with {sources} sources; it takes {taken}");
        }

        return asked;
    }

    /// <summary>Writes the recipe text for some models.</summary>
    /// <param name="baseModel">Path of the base model.</param>
    /// <param name="sources">Paths of the source models.</param>
    public string Text(string baseModel, IEnumerable<string> sources)
    {
        string head = $"merge_method: {method.Name}\n"
            + (method.Base is BaseUse.NotUsed or BaseUse.Joined ? "" : $"base_model: '{baseModel}'\n");
        string shares = string.Join(
            ", ",
            method.Parameters
                .Where(parameter => Shares.Contains(parameter.Name))
                .Select(parameter => $"{parameter.Name}: 0.3"));
        bool hasWeights = method.Parameters.Any(parameter => parameter.Name == "weight");

        // Like the weights that a search tries, these have products that need every bit of the significand.
        IEnumerable<string> models = sources.Select((model, k) => $"  - model: '{model}'\n"
            + (hasWeights
                ? string.Create(CultureInfo.InvariantCulture, $"    parameters: {{weight: {0.7 / (k + 1.3)}}}\n")
                : ""));
        return $"{head}parameters: {{{shares}}}\nmodels:\n{string.Concat(models)}";
    }

    /// <summary>Makes a sweep axis with the given number of values; the measured time does not depend on the values.</summary>
    /// <exception cref="DemException">DEM1001 (BadArgument): the method has no parameter to sweep.</exception>
    public SweepAxis Axis(int values)
    {
        MethodParameter? swept = Swept
            .Select(name => method.Parameters.FirstOrDefault(parameter => parameter.Name == name))
            .FirstOrDefault(found => found is not null);
        return swept is null
            ? throw new DemException(
                ErrorCode.BadArgument,
                $"the method {method.Name} has none of the parameters {string.Join(", ", Swept)} to sweep")
            : new SweepAxis(
                swept.PerModel ? 0 : null,
                swept.Name,
                [.. Enumerable.Range(1, values).Select(k => (decimal)k / (values + 1))]);
    }
}
