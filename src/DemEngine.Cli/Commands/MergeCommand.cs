using System.CommandLine;
using DemEngine.Cli.Options;
using DemEngine.Cli.Pipelines;
using DemEngine.Cli.ScaleOut;
using DemEngine.Merging.Options;
using DemEngine.Merging.Planning;
using DemEngine.Pipelines;
using DemEngine.Recipes;
using DemEngine.Recipes.Values;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem merge RECIPE --out DIR</c>.</summary>
internal static class MergeCommand
{
    public static Command Build()
    {
        Argument<string> recipe = RecipeArgument.New("A recipe file in mergekit's YAML");
        Argument<DirectoryInfo?> output = RecipeArgument.NewOutput();
        Option<bool> dryRun = Listing.NewDryRun();
        Option<bool> all = Listing.NewAll();
        var alignment = new AlignmentCommandOptions();
        Option<string?> part = PartOption.New();
        Option<string?> phase = PartOption.NewPhase();
        Option<bool> inputs = PartOption.NewInputs();
        var run = new RunCommandOptions(
            writesCard: true,
            output,
            part,
            result => result.GetResult(recipe) is { Tokens: [var file] } && PartMerge.IsPlan(file.Value)
                ? $"{file.Value} is a plan in parts: say with --part which one is to be made, or join them with `dem join`"
                : null);

        var command = new Command("merge", "Merge checkpoints as a recipe says.")
        {
            recipe, output, dryRun, all, part, phase, inputs,
        };
        alignment.AddTo(command);
        run.AddTo(command);
        run.Backend.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(part) is null && result.GetResult(phase) is not null)
                result.AddError("--phase is for parts of a plan: give --part, too");
            if (result.GetValue(inputs) && (result.GetResult(part) is null || result.GetResult(phase) is not null))
                result.AddError("--inputs lists what a part reads that is made: give --part, and not --phase");
            if (result.GetResult(part) is not null)
                PartOption.RefuseDecided(
                    result, [dryRun, all, alignment.Missing, alignment.Extra, alignment.Vocabulary, .. run.DecidedByPlans]);
        });
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(part) is { } listed && parsed.GetValue(inputs))
                return PartMerge.PrintInputs(parsed.GetValue(recipe)!, listed, run, parsed);
            if (parsed.GetValue(part) is { } number)
                return PartMerge.Run(parsed.GetValue(recipe)!, number, parsed.GetValue(phase) == PartOption.Measure, run, parsed);
            var results = Read(parsed.GetValue(recipe)!);
            if (results.Count > 1 && run.IsSingleFile(parsed))
                throw new DemException(
                    ErrorCode.BadArgument,
                    $"{parsed.GetValue(recipe)}: the file has {results.Count} recipes, each of whose results is a folder",
                    remedy: "Merge them without --single-file, or put the recipe that is meant into a file of its own.");
            if (results.Count > 1)
                return SeveralResults.Merge(
                    results, alignment.Read(parsed), run, parsed, parsed.GetValue(dryRun), parsed.GetValue(all));

            if (PipelineRecipe.Of(results[0], alignment.Read(parsed)) is { } pipelines)
                return PipelineMerge.Run(
                    pipelines, alignment.Read(parsed), run, parsed, parsed.GetValue(dryRun), parsed.GetValue(all));

            RunOptions options = run.Read(parsed) with { PlansOnly = parsed.GetValue(dryRun) };
            using MergePlan merge = MergePlanner.Plan(results[0], alignment.Read(parsed), options);
            if (!parsed.GetValue(dryRun))
                return run.Execute(parsed, merge.Plan);

            run.PrintPlan(parsed, merge.Plan, options, parsed.GetValue(all));
            return 0;
        });
        return command;
    }

    private static ValueList<Recipe> Read(string path)
    {
        try
        {
            return RecipeArgument.Read(path, RecipeReader.ReadResults, RecipeReader.ReadResults);
        }
        catch (DemException e) when (e.Code == ErrorCode.UnknownKey && PartMerge.IsPlan(path))
        {
            throw new DemException(
                ErrorCode.BadArgument,
                $"{path}: this is a plan in parts, not a recipe",
                e,
                "Say which part is to be made, with --part; or join the parts, with `dem join`.");
        }
    }
}
