using System.Collections.Immutable;
using System.Globalization;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// What a trial's result depends on beside the coefficients. Trials of one problem hold in another with the same setting and judge that has
/// no set more, as long as the sources that only one of them has play no part.
/// </summary>
/// <param name="Setting">The recipe without its sources and their coefficients, the base, and what is done where models do not match.</param>
/// <param name="Sources">What has coefficients: each with its contents and its other parameters.</param>
/// <param name="Judge">What evaluates, by which metric.</param>
/// <param name="Sets">The validation sets with their contents; empty where only the judge knows them.</param>
/// <param name="ZeroIsAbsent">Whether a source with the coefficient 0 is as good as not there.</param>
public sealed record SearchProblem(
    Identity Setting, ImmutableArray<Identity> Sources, Identity Judge, ImmutableArray<Identity> Sets, bool ZeroIsAbsent)
{
    // Their sums have one term for each source, and no other source shows in it.
    private static readonly string[] SumsOfTerms = ["dem", "task_arithmetic", "linear"];

    /// <summary>Describes a problem.</summary>
    /// <param name="recipe">What is merged.</param>
    /// <param name="map">Which coefficients are searched.</param>
    /// <param name="inputs">The base, then the sources in the recipe's order, with their fingerprints.</param>
    /// <param name="alignment">What is done where models do not match.</param>
    /// <param name="judge">What evaluates.</param>
    /// <param name="sets">The validation sets.</param>
    public static SearchProblem Of(
        Recipe recipe, CoefficientMap map, ImmutableArray<ManifestInput> inputs, AlignmentOptions alignment, Identity judge, IEnumerable<DataSet> sets)
    {
        // Recipes of nothing but parameters, written as YAML: what they say is hashed, and not how they were written.
        int[] searched = [.. map.ModelIndices];
        string Parameters(ParameterScope scope) => new Recipe
        {
            MergeMethod = recipe.MergeMethod,
            Models = [new RecipeModel(new ModelPath("source"))],
            Parameters = new ParameterScope([.. scope.Parameters.Where(parameter => parameter.Name != map.Parameter)]),
            DType = recipe.DType,
            OutDType = recipe.OutDType,
            TokenizerSource = recipe.TokenizerSource,
            Tokens = recipe.Tokens,
            PadToMultipleOf = recipe.PadToMultipleOf,
        }.ToYaml();

        IEnumerable<ManifestInput> apart = searched.Length > 0 ? inputs.Take(1) : inputs;
        Identity setting = Identity.Of(
            recipe.MergeMethod.Value, [Parameters(recipe.Parameters), map.Parameter, $"{alignment}", .. apart.Select(input => $"{input.Role} {input.Fingerprint}")]);
        IEnumerable<Identity> sources = searched.Length > 0
            ? searched.Select((model, k) => Identity.Of(
                map.Sources[k], inputs[k + 1].Role, inputs[k + 1].Fingerprint, Parameters(recipe.Models[model].Parameters)))
            : map.Sources.Select(name => Identity.Of(name, name));
        return new SearchProblem(
            setting, [.. sources], judge, [.. sets.Select(Of)], searched.Length > 0 && SumsOfTerms.Contains(recipe.MergeMethod.Value));
    }

    /// <summary>What evaluates in this process, by whichever means: they agree.</summary>
    public static Identity BuiltInJudge(Metric metric) => Identity.Of(metric.Name, "built-in", metric.Name);

    /// <summary>A command that evaluates.</summary>
    public static Identity CommandJudge(string command, Metric metric) =>
        Identity.Of(metric.Name, "command", command, metric.Name, metric.HigherIsBetter.ToString(CultureInfo.InvariantCulture));

    private static Identity Of(DataSet set)
    {
        IEnumerable<Example> sequences = set.Examples.Concat(set.Questions.SelectMany(question => question.Choices));
        IEnumerable<string> numbers = sequences.Select(example => $"{example.FirstTarget} {string.Join(' ', example.Tokens)}")
            .Concat(set.Questions.Select(question => $"{question.Answer}"));
        return Identity.Of(set.Name, numbers);
    }
}
