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
        var recipe = new Argument<string>("recipe")
        {
            Description = "A recipe file in mergekit-moe's YAML, or - for standard input. "
                + "Paths in it lead from its folder, or else from here.",
        };
        var output = new Argument<DirectoryInfo?>("out")
        {
            Description = "The folder to be made, in place of --out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
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
            MixtureRecipe mixture = Read(parsed.GetValue(recipe)!);
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

    private static MixtureRecipe Read(string path) => PipedText.Read(() =>
    {
        if (path != "-")
            return MixtureReader.ReadFile(Path.GetFullPath(path));
        using Stream input = Console.OpenStandardInput();
        return MixtureReader.Read(input, "standard input");
    });
}
