using System.CommandLine;
using DemEngine.Backends.Cpu;
using DemEngine.Cli.Output;
using DemEngine.Errors;
using DemEngine.Files;
using DemEngine.Lab.Synthesis.Examples;
using DemEngine.Merging.Options;
using DemEngine.Recipes;

namespace DemEngine.Cli.Options;

/// <summary>
/// The option <c>--examples DIR</c> of <c>dem synth</c>: the documentation's recipes with models to run them on.
/// </summary>
internal sealed class ExampleOption
{
    private const string Prefix = "recipes/";

    private readonly Option<DirectoryInfo?> _folder = new("--examples")
    {
        Description = "Make the small models that the documentation's recipes name, in this folder, and the recipes where they "
            + "are not there: 12 MB. In a clone, docs/recipes.",
        HelpName = "dir",
    };

    public void AddTo(Command command) => command.Options.Add(_folder);

    /// <summary>The folder; null if the option was not given.</summary>
    public DirectoryInfo? Read(ParseResult parsed) => parsed.GetValue(_folder);

    /// <summary>Whether the option was given.</summary>
    public bool IsGiven(System.CommandLine.Parsing.CommandResult result) => result.GetResult(_folder) is not null;

    /// <summary>Writes the recipes and the models, and prints how to run one.</summary>
    public static int Write(DirectoryInfo folder, RunOptions options, bool quiet, bool json)
    {
        // A recipe that is there may have been edited: it is kept, and its models are made.
        var recipes = new List<Recipe>();
        foreach (var (name, text) in Recipes())
        {
            string file = Path.Combine(folder.FullName, name);
            if (!File.Exists(file))
            {
                MakeFolder(folder.FullName);
                ReportFile.Write(file, text);
            }

            recipes.Add(RecipeReader.Parse(Text(file), file));
        }

        // What a stopped run left of a model takes less time to make anew than to choose an option for.
        options = options with { Unfinished = UnfinishedRun.Restart };
        using var backend = new CpuBackend();
        IReadOnlyList<string> models = ExampleModels.Write(folder.FullName, recipes, backend, options, Interrupt.Token);
        if (json)
            ExamplePrinter.PrintJson(folder.FullName, [.. Recipes().Select(recipe => recipe.Name)], models);
        else if (!quiet)
            ExamplePrinter.PrintText(folder.FullName, Recipes().Count(), models);
        return 0;
    }

    private static string Text(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DemException(ErrorCode.RecipeNotFound, $"{file}: {FileFault.Describe(e)}", e);
        }
    }

    private static void MakeFolder(string folder)
    {
        try
        {
            DurableFolder.Create(folder);
        }
        catch (Exception e) when (WriteError.Covers(e))
        {
            throw WriteError.From(e, folder);
        }
    }

    /// <summary>The recipes of docs/recipes, which are embedded in this assembly.</summary>
    private static IEnumerable<(string Name, string Text)> Recipes()
    {
        System.Reflection.Assembly assembly = typeof(ExampleOption).Assembly;
        foreach (string name in assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return (name[Prefix.Length..], reader.ReadToEnd());
        }
    }
}
