using DemEngine.Recipes.Values;

namespace DemEngine.Merging.Mixtures;

/// <summary>
/// Says where prompts stand in the hidden space of the model that a mixture is built on, one vector for each layer. The engine
/// cannot compute with models, so that whoever plans a mixture brings this along.
/// </summary>
public interface IPromptVectors
{
    /// <summary>Checks that the vectors can be computed, at the cost of reading small files.</summary>
    /// <param name="lists">Lists of prompts.</param>
    /// <exception cref="DemException">
    /// DEM2101, DEM2102, DEM2104 (UnknownArchitecture, BadConfig, NoTokenizer), or another reason why they cannot.
    /// </exception>
    void Check(IReadOnlyList<ValueList<string>> lists);

    /// <summary>Computes the vectors.</summary>
    /// <param name="lists">Lists of prompts, each with at least one.</param>
    /// <param name="cancel">Token by which the computation is stopped.</param>
    /// <returns>For each list and each layer a vector [hidden size] that stands for all of the list's prompts.</returns>
    /// <exception cref="DemException">Any error of <see cref="Check"/>.</exception>
    IReadOnlyList<IReadOnlyList<double[]>> Compute(IReadOnlyList<ValueList<string>> lists, CancellationToken cancel);
}
