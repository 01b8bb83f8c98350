using System.CommandLine;
using DemEngine.Cli.Arguments;
using DemEngine.Cli.Output;
using DemEngine.Cli.Shells;

namespace DemEngine.Cli.Tests;

/// <summary>Wrong requests: exit 2, one line with the code, one with the remedy, nothing written.</summary>
public class RequestErrorTests
{
    private static readonly string[][] BadRequests =
    [
        [],
        ["mrege"],
        ["--wrong"],
        ["help", "mrege", "x"],
        ["merge"],
        ["merge", "r.yaml"],
        ["merge", "r.yaml", "more.yaml", "--out", "OUT"],
        ["merge", "r.yaml", "more", "most"],
        ["--version", "--jsn"],
        ["devices", "x"],
        ["setup", "x"],
        ["completion", "csh"],
        ["merge", "r.yaml", "OUT", "--random-seed", "3"],
        ["merge", "r.yaml", "OUT", "--resume=auto", "--restart"],
        ["merge", "r.yaml", "OUT", "--progress", "fast"],
        ["search", "r.yaml", "--valid", "a=b", "--evaluate-command", "c", "--out", "OUT"],
        ["merge", "", "--out", "OUT"],
        ["merge", "r.yaml", "--out", "-"],
        ["merge", "r.yaml", "-"],
        ["convert", "OUT", "-"],
        ["plan", "r.yaml", "OUT", "--parts", "2", "--out", "-"],
        ["synth", "--shape", "tiny", "--seed", "1", "--out", "-"],
        ["merge", "r.yaml", "--out"],
        ["merge", "r.yaml", "--out", ""],
        ["merge", "r.yaml", "--out", "OUT", "--ovewrite"],
        ["merge", "r.yaml", "--out", "OUT", "--threads", "0"],
        ["merge", "r.yaml", "--out", "OUT", "--threads", "two"],
        ["merge", "r.yaml", "--out", "OUT", "--threads", "1.5"],
        ["merge", "r.yaml", "--out", "OUT", "--max-memory"],
        ["merge", "r.yaml", "--out", "OUT", "--max-memory", "0"],
        ["merge", "r.yaml", "--out", "OUT", "--max-memory", "-1GB"],
        ["merge", "r.yaml", "--out", "OUT", "--max-memory", "1e9"],
        ["merge", "r.yaml", "--out", "OUT", "--max-memory", "5 parsecs"],
        ["merge", "r.yaml", "--out", "OUT", "--max-memory", "99999999999TiB"],
        ["merge", "r.yaml", "--out", "OUT", "--max-shard-size", "big"],
        ["merge", "r.yaml", "--out", "OUT", "--missing", "maybe"],
        ["merge", "r.yaml", "--out", "OUT", "--missing", "Base"],
        ["merge", "r.yaml", "--out", "OUT", "--missing", "1"],
        ["merge", "r.yaml", "--out", "OUT", "--missing", "base", "--missing", "fail"],
        ["merge", "r.yaml", "--out", "OUT", "--extra", "base"],
        ["merge", "r.yaml", "--out", "OUT", "--vocab", "all"],
        ["merge", "r.yaml", "--out", "OUT", "--io", "stream"],
        ["merge", "r.yaml", "--out", "OUT", "--nonfinite", ""],
        ["merge", "r.yaml", "--out", "OUT", "--resume", "--restart"],
        ["merge", "", "--out", "OUT"],
        ["merge", "r.yaml", "--out", ""],
        ["moe", "", "--out", "OUT"],
        ["sweep", "", "--set", "lambda=1", "--out", "OUT"],
        ["search", "", "--valid", "a=b", "--out", "OUT"],
        ["lora", "=1", "--out", "OUT"],
        ["extract", "--base", "b", "--out", "OUT"],
        ["extract", "--base", "b", "--tuned", "t", "--out", "OUT", "--dtype", "i8"],
        ["synth", "--shape", "tiny", "--out", "OUT"],
        ["synth", "--shape", "tiny", "--seed", "1", "--out", "--resum"],
        ["synth", "--seed", "1", "--out", "OUT"],
        ["synth", "--seed", "x", "--shape", "tiny", "--out", "OUT"],
        ["synth", "--seed", "1", "--shape", "huge", "--out", "OUT"],
        ["synth", "--seed", "1", "--shape", "tiny", "--tuned-from", "b", "--out", "OUT"],
        ["synth", "--seed", "1", "--shape", "tiny", "--out", "/"],
        ["synth", "--seed", "1", "--shape", "tiny", "--scale", "nan", "--out", "OUT"],
        ["synth", "--seed", "1", "--shape", "tiny", "--scale", "-1", "--out", "OUT"],
        ["synth", "--seed", "1", "--shape", "tiny", "--scale", "1e39", "--out", "OUT"],
        ["synth", "--seed", "1", "--shape", "tiny", "--max-memory", "1", "--out", "OUT"],
        ["bench", "--shape", "tiny", "--sources", "0", "--dir", "OUT"],
        ["bench", "--shape", "tiny", "--sources", "-1", "--dir", "OUT"],
        ["bench", "--shape", "tiny", "--repeats", "0", "--dir", "OUT"],
    ];

    [Test]
    public void An_evaluation_command_without_a_model_is_told_where_it_goes()
    {
        using var folder = new TempFolder();
        CommandResult result = Dem.Run("eval", "--model", folder.Path, "--evaluate-command", "lm_eval").Expect(2);
        Assert.That(result.ErrorLines[^1], Does.Contain("Put {model} where the command takes the folder of the model"));
    }

    [TestCaseSource(nameof(BadRequests))]
    public void A_wrong_request_is_refused(params string[] args)
    {
        using var folder = new TempFolder();
        string output = folder.PathOf("out");
        CommandResult result = Dem.Run([.. args.Select(arg => arg == "OUT" ? output : arg)]).Expect(2);

        Assert.That(result.Output, Is.Empty);
        Assert.That(result.ErrorLines[..^1], Is.Not.Empty.And.All.Match("^error DEM1001: .+"));
        Assert.That(result.Error, Does.Not.Match(@"Option '|Required|Cannot parse|Unrecognized|expected type"), "the library's own words");
        Assert.That(result.ErrorLines[^1].Trim(), Is.EqualTo(Remedies.Of(ErrorCode.BadArgument))
            .Or.Match("^`dem .*--help` (says what it takes|lists the commands)\\.$").Or.StartsWith("Raise the bound on memory"));
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [TestCase("`dem --help` lists the commands.")]
    [TestCase("`dem --help` lists the commands.", "mrege")]
    [TestCase("`dem setup --help` lists the commands.", "setup")]
    [TestCase("`dem merge --help` says what it takes.", "merge")]
    [TestCase("`dem search ask --help` says what it takes.", "search", "ask")]
    public void The_remedy_names_the_command_whose_help_says_more(string remedy, params string[] args) =>
        Assert.That(Dem.Run(args).Expect(2).ErrorLines[^1].Trim(), Is.EqualTo(remedy));

    [Test]
    public void A_word_that_reads_as_a_value_of_a_flag_is_a_word_of_its_own()
    {
        ParseResult parsed = DemCommand.Build().Parse(["inspect", "--json", "true"]);
        Assert.That(parsed.Errors, Is.Empty);
        Assert.That(parsed.GetValue<string>("path"), Is.EqualTo("true"));
        Assert.That(parsed.GetValue<bool>("--json"), Is.True);
    }

    [Test]
    public void Empty_words_are_called_empty_whatever_they_stand_for()
    {
        CommandResult result = Dem.Run("sweep", "", "--set", "lambda=1", "--out", "").Expect(2);
        Assert.That(
            result.ErrorLines[..^1],
            Is.EquivalentTo(new[] { "error DEM1001: <recipe> is empty", "error DEM1001: --out: the value is empty" }));
        Dem.Run("merge", "").ExpectError(ErrorCode.BadArgument, "<recipe> is empty");
        Dem.Run("merge", "", "--part", "0").ExpectError(ErrorCode.BadArgument, "<recipe> is empty");
    }

    [Test]
    public void A_misspelt_option_is_the_only_news() =>
        Dem.Run("merge", "--ouy", "x").ExpectError(ErrorCode.BadArgument, "dem merge has no option '--ouy' (did you mean \"--out\"?)");

    [Test]
    public void A_command_without_its_words_names_each_that_it_needs()
    {
        int checkedCommands = 0;
        foreach (var (name, command) in CommandWords.All(DemCommand.Build()))
        {
            string[] needed = [.. command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0).Select(argument => argument.Name)];
            if (needed.Length == 0)
                continue;
            checkedCommands++;
            CommandResult result = Dem.Run(name.Split(' ')).Expect(2);
            Assert.That(result.ErrorLines.Take(needed.Length), Is.EqualTo(needed.Select(one => $"error DEM1001: <{one}> is required")), name);
            Assert.That(result.Error, Does.Not.Match(@"Option '|Required"), "the library's own words");
        }

        Assert.That(checkedCommands, Is.GreaterThan(12));
    }

    [TestCase("merg", "there is no command 'merg' (did you mean \"merge\"?)")]
    [TestCase("mer", "there is no command 'mer' (did you mean \"merge\"?)")]
    [TestCase("ver x", "there is no command 'ver' (did you mean \"verify\"?)")]
    [TestCase("help environ", "there is no command or topic 'environ' (did you mean \"environment\"?)")]
    [TestCase("search aks r.yaml --out x", "there is no file and no command 'aks' (did you mean \"ask\"?)")]
    [TestCase("search tell x", "dem search tell takes options only, and 'x' is none (did you mean \"--out x\"?)")]
    [TestCase("sweep r.yaml x --set lambda=1", "'x' is one word more than dem sweep takes (did you mean \"--out x\"?)")]
    [TestCase("train --data d --valid v --out x", "give --base, or --from-scratch and --config")]
    [TestCase("train --data d --valid v --out x --base b --from-scratch", "give either --base, or --from-scratch and --config, not both")]
    [TestCase("eval x", "dem eval takes options only, and 'x' is none (did you mean \"--model x\"?)")]
    [TestCase("merge r.yaml x --dry-run=1", "--dry-run takes no value, and is given '1'")]
    [TestCase("merge r.yaml x --resume=no", "--resume takes no value but auto, and is given 'no'")]
    [TestCase("devices --json=false", "--json takes no value, and is given 'false'")]
    [TestCase("merge r.yaml x --thr 2", "has no option '--thr' (did you mean \"--threads\"?)")]
    [TestCase("merge r.yaml --out x --threads 0", "--threads: '0' is not a whole number from 1")]
    [TestCase("merge r.yaml --out x --max-shard-size 0.1", "--max-shard-size: '0.1' is not a size")]
    [TestCase("merge r.yaml --out x --nonfinite maybe", "--nonfinite: 'maybe' is not one of fail, warn")]
    [TestCase("merge r.yaml --out x --dry-rum", "has no option '--dry-rum' (did you mean \"--dry-run\"?)")]
    [TestCase("merge r.yaml", "--out is required")]
    [TestCase("merge r.yaml y --out x", "the output folder is given twice")]
    [TestCase("synth --shape tiny --out x", "--seed is required")]
    [TestCase("synth --shape tiny --tuned-from b --seed 1 --out x", "give one of --shape and --tuned-from, not both")]
    [TestCase("synth --shape tny --seed 1 --out x", "there is no shape or file \"tny\" (did you mean \"tiny\"?)")]
    [TestCase("synth --seed 1 --out x", "give --shape or --tuned-from")]
    [TestCase("search r.yaml --out x", "give --valid or --evaluate-command")]
    [TestCase("merge r.yaml --out x --max-vram abc", "--max-vram: 'abc' is not a size")]
    [TestCase("extract --base b --tuned t --out x --lora --rank abc", "--rank: 'abc' is not a whole number")]
    [TestCase("extract --base b --tuned t --out x --lora --energy abc", "--energy: 'abc' is not a number")]
    [TestCase("convert m --out x --dtype abc", "--dtype: 'abc' is neither")]
    [TestCase("join p --nonfinite abc", "--nonfinite: 'abc' is not one of fail, warn")]
    [TestCase("distance --base b m --svg=", "--svg needs a value")]
    [TestCase("search r.yaml --valid a=b --evaluate-command c --out x", "give one of --valid and --evaluate-command, not both")]
    [TestCase("merge r.yaml x --random-seed 3", "--random-seed: methods that draw at random take `seed`")]
    public void A_slip_is_named(string request, string message) =>
        Dem.Run(request.Split(' ')).ExpectError(ErrorCode.BadArgument, message);

    [Test]
    public void No_value_of_any_option_is_more_than_a_mistake_of_the_request([Values("", "abc\n\u001b[1m", "-1", "99999999999999999999")] string value)
    {
        foreach (Command command in Commands(DemCommand.Build()))
        {
            foreach (Option option in command.Options.Where(option => option.Arity.MinimumNumberOfValues > 0 && !option.Hidden))
            {
                string[] path = [.. PathOf(command), option.Name, value];
                string[] mistakes = [.. RequestMistakes.Of(DemCommand.Build().Parse(path), path, [])];
                Assert.That(value.Length > 0 || mistakes.Length > 0, $"{string.Join(' ', path)} is accepted");
            }
        }
    }

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);

    private static IEnumerable<string> PathOf(Command command) =>
        command.Parents.OfType<Command>().SingleOrDefault() is { } parent ? PathOf(parent).Append(command.Name) : [];

    [Test]
    public void A_negative_number_is_no_option()
    {
        using var folder = new TempFolder();
        Dem.Run("synth", "--shape", "tiny", "--seed", "-5", "--out", folder.PathOf("out")).Expect(0);
    }

    [Test]
    public void A_recipe_that_is_not_there() =>
        Dem.Run("merge", "/nowhere/recipe.yaml", "--out", "/nowhere/out").ExpectError(ErrorCode.RecipeNotFound, "/nowhere/recipe.yaml: there is no such file");

    [Test]
    public void A_folder_is_no_recipe()
    {
        using var folder = new TempFolder();
        Dem.Run("merge", folder.Path, "--out", folder.PathOf("out")).ExpectError(ErrorCode.RecipeNotFound, "this is a folder");
    }

    [TestCase("", 3005)]
    [TestCase("just a text", 3004)]
    [TestCase("merge_method: [", 3002)]
    [TestCase("merge_method: dem\nbase_model: no\nmodels: [{model: such}]", 2001)]
    [TestCase("merge_method: dem\nmodels: [{modle: such}]", 3003)]
    public void A_bad_recipe(string yaml, int code)
    {
        using var folder = new TempFolder();
        string recipe = folder.Write("recipe.yaml", yaml);
        CommandResult result = Dem.Run("merge", recipe, "--out", folder.PathOf("out"));
        result.ExpectError(ErrorCode.All.Single(one => one.Number == code), recipe);
    }

    [Test]
    public void A_file_name_that_starts_with_at_is_a_file_name()
    {
        using var folder = new TempFolder();
        Dem.Run("merge", "@arguments", "--out", folder.PathOf("out")).ExpectError(ErrorCode.RecipeNotFound, "@arguments");
    }

    [Test]
    public void A_name_with_control_characters_cannot_break_the_line() =>
        Dem.Run("merge", "/nowhere/a\nb\u001b[31m", "--out", "/nowhere/out").ExpectError(ErrorCode.RecipeNotFound, @"a\u000ab\u001b[31m");

    [Test]
    public void Checkpoints_that_are_not_there()
    {
        using var folder = new TempFolder();
        Dem.Run("extract", "--base", folder.PathOf("b"), "--tuned", folder.PathOf("t"), "--out", folder.PathOf("o"), "--json")
            .ExpectError(ErrorCode.CheckpointNotFound, folder.PathOf("b"));
        Dem.Run("synth", "--tuned-from", folder.PathOf("b"), "--seed", "1", "--out", folder.PathOf("o"))
            .ExpectError(ErrorCode.CheckpointNotFound, folder.PathOf("b"));
    }

    [Test]
    public void Verbose_adds_the_stack_trace()
    {
        CommandResult result = Dem.Run("merge", "/nowhere/recipe.yaml", "--out", "/nowhere/out", "--verbose").Expect(2);
        Assert.That(result.Error, Does.Contain("   at DemEngine."));
        Assert.That(result.ErrorLines[0], Does.StartWith("error DEM3001: "));
    }

    [Test]
    public void A_failure_while_running_exits_with_1()
    {
        using var folder = new TempFolder();
        folder.Write("file", "in the way");
        Dem.Run("synth", "--shape", "tiny", "--seed", "1", "--out", folder.PathOf("file/out")).ExpectError(ErrorCode.WriteFailed);
    }
}
