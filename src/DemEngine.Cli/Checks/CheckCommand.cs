using System.CommandLine;
using System.Text.Json.Nodes;
using DemEngine.Answers;
using DemEngine.Checks;
using DemEngine.Cli.Formatting;
using DemEngine.Cli.Options;
using DemEngine.Cli.Output;
using DemEngine.Recipes;

namespace DemEngine.Cli.Checks;

/// <summary>The command <c>dem check RECIPE</c>.</summary>
internal static class CheckCommand
{
    public static Command Build()
    {
        Argument<string> recipe = RecipeArgument.New("A recipe file in mergekit's YAML");
        var output = new Option<DirectoryInfo?>("--out", "-o")
        {
            Description = "Where the output would go: whether it may, and has room.",
            HelpName = "dir",
        };
        var alignment = new AlignmentCommandOptions();
        var read = new ReadCommandOptions();

        var command = new Command(
            "check",
            "Say everything that is wrong with a recipe and its models, from their headers alone, and what a merge would take. "
            + "Exits with 2 if something is.")
        {
            recipe, output,
        };
        alignment.AddTo(command);
        read.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(recipe)!;
            bool isPiped = RecipeArgument.IsStandardInput(path);
            RecipeExamination found = RecipeExamination.Run(
                RecipeArgument.Read(path, _ => RecipeReader.ReadText(path), RecipeReader.ReadText),
                isPiped ? "standard input" : path,
                isPiped ? Directory.GetCurrentDirectory() : Path.GetDirectoryName(Path.GetFullPath(path))!,
                alignment.Read(parsed),
                read.Read(parsed),
                parsed.GetValue(output)?.FullName);
            bool json = parsed.GetValue(GlobalOptions.Json);
            if (json)
                Console.Out.WriteLine(ToJson(found).ToJsonString());
            else
                PrintText(found);
            if (found.Problems is [.., var last])
                throw json ? found.Problems[0] : last;
            return 0;
        });
        return command;
    }

    /// <summary>Prints all but the last problem, which the command ends with.</summary>
    private static void PrintText(RecipeExamination found)
    {
        foreach (DemException problem in found.Problems.SkipLast(1))
            ErrorPrinter.Print(problem.Code, Remedies.Of(problem), problem.Message);
        foreach (string remark in found.Remarks)
            Prose.Print($"note: {Printable.Text(remark)}");
        foreach (ExaminedResult result in found.Results)
        {
            string name = result.Name is null ? "" : $"{Printable.Text(result.Name)}: ";
            Console.Out.WriteLine(
                $"{name}{Counted.Of(result.Tensors, "tensor")}, {Sizes.Format(result.BytesToRead)} to read, "
                + $"{Sizes.Format(result.BytesToWrite)} to write, {Sizes.Format(result.BufferBytes)} in buffers at most");
        }

        if (found.Room is { } room)
            Console.Out.WriteLine($"disk: {Sizes.Format(room.NeededBytes)} needed, {Sizes.Format(room.FreeBytes)} free");
    }

    private static JsonObject ToJson(RecipeExamination found) => new()
    {
        ["problems"] = new JsonArray([.. found.Problems.Select(problem =>
            new ErrorAnswer($"{problem.Code}", problem.Message, Remedies.Of(problem)) { Cause = problem }.ToJson())]),
        ["results"] = new JsonArray([.. found.Results.Select(result => new JsonObject
        {
            ["name"] = result.Name,
            ["tensor_count"] = result.Tensors,
            ["bytes_to_read"] = result.BytesToRead,
            ["bytes_to_write"] = result.BytesToWrite,
            ["buffer_bytes"] = result.BufferBytes,
        })]),
        ["notes"] = JsonValues.Of(found.Remarks),
        ["disk_needed_bytes"] = found.Room?.NeededBytes,
        ["disk_free_bytes"] = found.Room?.FreeBytes,
    };
}
