using System.CommandLine;
using DemEngine.Cli.Options;
using DemEngine.Evaluation.Prompts;
using DemEngine.Evaluation.Tokenization;
using DemEngine.Merging.Mixtures;
using DemEngine.Merging.Options;
using DemEngine.Recipes.Mixtures;

namespace DemEngine.Cli.Commands;

/// <summary>The command <c>dem moe RECIPE --out DIR</c>.</summary>
internal static class MoeCommand
{
    public static Command Build()
    {
        Argument<string> recipe = RecipeArgument.New("A recipe file in mergekit-moe's YAML");
        Argument<DirectoryInfo?> output = RecipeArgument.NewOutput();
        Option<bool> dryRun = Listing.NewDryRun();
        Option<bool> all = Listing.NewAll();
        var run = new RunCommandOptions(writesCard: true, output);

        var command = new Command("moe", "Build a mixture of experts from dense models, as a recipe says.")
        {
            recipe, output, dryRun, all,
        };
        run.AddTo(command);
        run.Backend.AddTo(command);
        command.SetAction(parsed =>
        {
            MixtureRecipe mixture = RecipeArgument.Read(parsed.GetValue(recipe)!, MixtureReader.ReadFile, MixtureReader.Read);
            bool plansOnly = parsed.GetValue(dryRun);
            RunOptions options = run.Read(parsed) with { PlansOnly = plansOnly };
            IPromptVectors? prompts = PromptVectors.For(
                mixture.GateMode, mixture.BaseModel.Resolved, new CheckpointTokenizerReader(), options.Threads);
            using MixturePlan plan = MixturePlanner.Plan(mixture, options, prompts);
            if (plansOnly)
            {
                run.PrintPlan(parsed, plan.Plan, options, parsed.GetValue(all));
                return 0;
            }

            return run.Execute(parsed, plan.Plan, () => plan.ComputeRouters(Interrupt.Token));
        });
        return command;
    }
}
