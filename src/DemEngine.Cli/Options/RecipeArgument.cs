using System.CommandLine;
using DemEngine.Cli.Startup;
using DemEngine.Recipes;

namespace DemEngine.Cli.Options;

/// <summary>The words of the commands that take a recipe and make a folder: the recipe's file, and the folder.</summary>
internal static class RecipeArgument
{
    private const string StandardInput = "-";

    /// <summary>Makes the argument for the recipe.</summary>
    /// <param name="what">What it is, for the help.</param>
    public static Argument<string> New(string what) => new("recipe")
    {
        Description = $"{what}, or - for standard input. Paths in it lead from its folder, or else from here.",
    };

    /// <summary>Makes the argument for the folder.</summary>
    public static Argument<DirectoryInfo?> NewOutput() => new("out")
    {
        Description = "The folder to be made, in place of --out.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>Whether a path stands for standard input.</summary>
    /// <param name="path">Path as it was given.</param>
    public static bool IsStandardInput(string path) => path == StandardInput;

    /// <summary>Reads a recipe until there is a result, an error, or an interrupt.</summary>
    /// <typeparam name="T">Type of the result.</typeparam>
    /// <param name="path">Path as it was given.</param>
    /// <param name="file">Reads a file by its full path.</param>
    /// <param name="input">Reads a stream, under a name for messages.</param>
    public static T Read<T>(string path, Func<string, T> file, Func<Stream, string, T> input) => PipedText.Read(() =>
    {
        if (!IsStandardInput(path))
            return file(Path.GetFullPath(path));

        // Its number belongs to another file of this process by now, and reading that waits for ever.
        if (!GuardedStreams.HasInput)
            throw Unreadable("it is closed");
        try
        {
            using Stream stream = Console.OpenStandardInput();
            return input(stream, "standard input");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(e.Message, e);
        }
    });

    private static DemException Unreadable(string why, Exception? inner = null) => new(
        ErrorCode.RecipeNotFound,
        $"standard input: {why}",
        inner,
        "Pipe the recipe into the command, or give its file.");

    /// <summary>Reads a recipe that has one result, and resolves the paths of its models.</summary>
    /// <param name="path">Path as it was given.</param>
    public static Recipe ReadOne(string path)
    {
        RecipeSource source = Read(path, RecipeSource.ReadFile, RecipeSource.Read);
        return RecipeReader.Resolve(RecipeReader.Parse(source.Text, source.Name), source.Folder);
    }
}
