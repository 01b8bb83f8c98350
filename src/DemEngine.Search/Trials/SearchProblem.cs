using System.Collections.Immutable;
using DemEngine.Checkpoints;
using DemEngine.Evaluation;
using DemEngine.Evaluation.Language;
using DemEngine.Merging.Options;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;
using DemEngine.Search.Space;

namespace DemEngine.Search.Trials;

/// <summary>
/// Everything that a trial's result depends on beside the coefficients. Trials of one problem are valid in another with the same
/// setting and judge whose sets are among those of the first, as long as sources that only one of the two has play no part.
/// </summary>
/// <param name="Setting">
/// Recipe without its sources and their coefficients, the base, and the handling of models that do not match.
/// </param>
/// <param name="Sources">Sources that have coefficients, each with its contents and its other parameters.</param>
/// <param name="Judge">Evaluator and its metric.</param>
/// <param name="Sets">Validation sets with their contents; empty where only the judge knows them.</param>
/// <param name="ZeroIsAbsent">Whether a source with coefficient 0 is equivalent to an absent one.</param>
public sealed record SearchProblem(
    Identity Setting,
    ImmutableArray<Identity> Sources,
    Identity Judge,
    ImmutableArray<Identity> Sets,
    bool ZeroIsAbsent)
{
    // The result of these methods is a sum with one term for each source that depends on no other source.
    private static readonly string[] SumsOfTerms = ["dem", "task_arithmetic", "linear"];

    // Names the rules by which commands' results are read: with other rules earlier trials would not hold.
    private const string CommandReader = "command 2";

    /// <summary>Describes the problem of a search.</summary>
    /// <param name="recipe">Recipe that is merged.</param>
    /// <param name="map">Coefficient map that is searched.</param>
    /// <param name="inputs">Inputs with their fingerprints: the base, then the sources in the recipe's order.</param>
    /// <param name="alignment">Handling of models that do not match.</param>
    /// <param name="judge">Identity of the evaluator and its metric.</param>
    /// <param name="sets">Validation sets; none where only the judge knows them.</param>
    public static SearchProblem Of(
        Recipe recipe,
        CoefficientMap map,
        ImmutableArray<ManifestInput> inputs,
        AlignmentOptions alignment,
        Identity judge,
        IEnumerable<DataSet> sets)
    {
        // The parameters are written as YAML of a recipe that has nothing else, so that the hash depends on their meaning and not
        // on how they were written.
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
            recipe.MergeMethod.Value,
            [
                Parameters(recipe.Parameters),
                map.Parameter,
                $"{alignment}",
                .. apart.Select(input => $"{input.Role} {input.Fingerprint}"),
            ]);
        IEnumerable<Identity> sources = searched.Length > 0
            ? searched.Select((model, k) => Identity.Of(
                map.Sources[k],
                inputs[k + 1].Role,
                inputs[k + 1].Fingerprint,
                Parameters(recipe.Models[model].Parameters)))
            : map.Sources.Select(name => Identity.Of(name, name));
        return new SearchProblem(
            setting,
            [.. sources],
            judge,
            [.. sets.Select(Of)],
            searched.Length > 0 && SumsOfTerms.Contains(recipe.MergeMethod.Value));
    }

    /// <summary>
    /// Returns the identity of evaluation in this process. It is the same for all evaluators, since their results agree.
    /// </summary>
    public static Identity BuiltInJudge(Metric metric) => Identity.Of(metric.Name, "built-in", metric.Name);

    /// <summary>Returns the identity of a command that evaluates.</summary>
    public static Identity CommandJudge(string command, Metric metric) =>
        Identity.Of(metric.Name, CommandReader, command, metric.Name);

    /// <summary>Returns the identity of evaluation by whoever asks for trials and tells their metrics.</summary>
    public static Identity ToldJudge(Metric metric) => Identity.Of(metric.Name, "told", metric.Name);

    private static Identity Of(DataSet set)
    {
        IEnumerable<Example> sequences = set.Examples.Concat(set.Questions.SelectMany(question => question.Choices));
        static string Targets(Example example) =>
            example.IsPredictedToEnd ? $"{example.FirstTarget}" : string.Join(',', example.TargetPositions);
        IEnumerable<string> numbers = sequences.Select(example => $"{Targets(example)} {string.Join(' ', example.Tokens)}")
            .Concat(set.Questions.Select(question => $"{question.Answer}"));
        return Identity.Of(set.Name, numbers);
    }
}
