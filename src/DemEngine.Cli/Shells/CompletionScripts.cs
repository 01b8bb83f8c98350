using System.CommandLine;
using System.Text;

namespace DemEngine.Cli.Shells;

/// <summary>
/// Scripts that complete commands, options and their values. All words are in the script, so that no key press waits for a
/// program to start; a new version of dem needs its script again.
/// </summary>
internal static class CompletionScripts
{
    /// <summary>The word before a command or a topic, which is no command itself.</summary>
    private const string Help = "help";

    /// <summary>The script of each shell, by the shell's name.</summary>
    public static IReadOnlyDictionary<string, Func<Command, string>> ByShell { get; } =
        new Dictionary<string, Func<Command, string>>(StringComparer.Ordinal)
        {
            ["bash"] = Bash,
            ["zsh"] = Zsh,
            ["fish"] = Fish,
            ["pwsh"] = PowerShell,
        };

    private static string Bash(Command root)
    {
        var script = new StringBuilder(
            """
            # bash completion for dem. To use it: source <(dem completion bash)
            _dem() {
                local word="${COMP_WORDS[COMP_CWORD]}" before="" command="" known=" COMMANDS " k
                [ "$COMP_CWORD" -gt 0 ] && before="${COMP_WORDS[COMP_CWORD-1]}"
                for ((k = 1; k < COMP_CWORD; k++)); do
                    case "$known" in
                        *" ${command:+$command/}${COMP_WORDS[k]} "*) command="${command:+$command/}${COMP_WORDS[k]}" ;;
                    esac
                done
                case "$command:$before" in

            """.ReplaceLineEndings("\n"));
        script.Replace(
            "COMMANDS", string.Join(' ', CommandWords.All(root).Skip(1).Select(one => one.Name.Replace(' ', '/')).Append(Help)));
        foreach (var (name, command) in CommandWords.All(root))
        {
            foreach (Option option in CommandWords.OptionsOf(command, root).Where(CommandWords.TakesValue))
            {
                string[] values = CommandWords.ValuesOf(option.HelpName);
                string answer = values.Length > 0
                    ? $"compgen -W '{string.Join(' ', values)}' -- \"$word\""
                    : "compgen -f -- \"$word\"";
                string pattern = string.Join('|', CommandWords.NamesOf(option).Select(one => $"{name.Replace(' ', '/')}:{one}"));
                script.Append($"        {pattern}) COMPREPLY=($({answer})); return ;;\n");
            }
        }

        script.Append("    esac\n    case \"$command\" in\n");
        foreach (var (name, command) in CommandWords.All(root))
        {
            string words = string.Join(' ', Words(command, root));
            string shown = name.Length == 0 ? "''" : name.Replace(' ', '/');
            string files = CommandWords.TakesFiles(command) ? " $([[ \"$word\" == -* ]] || compgen -f -- \"$word\")" : "";
            script.Append($"        {shown}) COMPREPLY=($(compgen -W '{words}' -- \"$word\"){files}) ;;\n");
        }

        string topics = string.Join(' ', CommandWords.Topics(root));
        script.Append($"        {Help}) COMPREPLY=($(compgen -W '{topics}' -- \"$word\")) ;;\n");
        script.Append(
            """
                esac
                return 0
            }
            complete -o filenames -F _dem dem

            """.ReplaceLineEndings("\n"));
        return script.ToString();
    }

    /// <summary>Zsh runs the function of bash, through its own bashcompinit.</summary>
    private static string Zsh(Command root) =>
        "#compdef dem\n# zsh completion for dem. To use it: source <(dem completion zsh)\n"
        + "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n"
        + Bash(root)[(Bash(root).IndexOf('\n', StringComparison.Ordinal) + 1)..];

    private static string Fish(Command root)
    {
        var script = new StringBuilder("# fish completion for dem. To use it: dem completion fish | source\n");
        foreach (var (name, command) in CommandWords.All(root))
        {
            string when = name.Length == 0
                ? "__fish_use_subcommand"
                : string.Join("; and ", name.Split(' ').Select(one => $"__fish_seen_subcommand_from {one}"));
            foreach (Command one in command.Subcommands.Where(one => !one.Hidden))
                Offer($"-f -a {one.Name} -d {FishQuote(one.Description)}");
            string[] words = [.. command.Arguments.SelectMany(argument => CommandWords.ValuesOf(argument.HelpName))];
            if (words.Length > 0)
                Offer($"-f -a {FishQuote(string.Join(' ', words))}");
            foreach (Option option in CommandWords.OptionsOf(command, root))
            {
                string[] values = CommandWords.ValuesOf(option.HelpName);
                string takes = values.Length > 0
                    ? $" -x -a {FishQuote(string.Join(' ', values))}"
                    : CommandWords.TakesValue(option) ? " -r" : "";
                foreach (string one in CommandWords.NamesOf(option))
                    Offer($"-l {one[2..]}{takes} -d {FishQuote(option.Description)}");
            }

            void Offer(string what) => script.Append($"complete -c dem -n {FishQuote(when)} {what}\n");
        }

        script.Append(
            $"complete -c dem -n '__fish_use_subcommand' -f -a {Help} -d 'Show the help of a command or on a topic.'\n");
        script.Append(
            $"complete -c dem -n '__fish_seen_subcommand_from {Help}' -f -a "
            + $"{FishQuote(string.Join(' ', CommandWords.Topics(root)))}\n");
        return script.ToString();
    }

    private static string PowerShell(Command root)
    {
        var script = new StringBuilder(
            "# PowerShell completion for dem. To use it: dem completion pwsh | Out-String | Invoke-Expression\n"
            + "$demWords = @{\n");
        foreach (var (name, command) in CommandWords.All(root))
            script.Append($"    {Quote(name)} = @({string.Join(", ", Words(command, root).Select(Quote))})\n");
        script.Append($"    {Quote(Help)} = @({string.Join(", ", CommandWords.Topics(root).Select(Quote))})\n");
        IEnumerable<Option> options = CommandWords.All(root).SelectMany(one => CommandWords.OptionsOf(one.Command, root));
        IEnumerable<string> others = options
            .Where(option => CommandWords.TakesValue(option) && CommandWords.ValuesOf(option.HelpName).Length == 0)
            .SelectMany(CommandWords.NamesOf).Distinct();
        IEnumerable<string> withFiles = CommandWords.All(root)
            .Where(one => CommandWords.TakesFiles(one.Command)).Select(one => one.Name);
        script.Append($"}}\n$demOtherValues = @({string.Join(", ", others.Select(Quote))})\n");
        script.Append($"$demFiles = @({string.Join(", ", withFiles.Select(Quote))})\n$demValues = @{{\n");
        foreach (Option option in options.Where(option => CommandWords.ValuesOf(option.HelpName).Length > 0)
            .DistinctBy(option => option.Name))
        {
            string values = string.Join(", ", CommandWords.ValuesOf(option.HelpName).Select(Quote));
            script.Append($"    {Quote(option.Name)} = @({values})\n");
        }

        script.Append(
            """
            }
            Register-ArgumentCompleter -Native -CommandName dem -ScriptBlock {
                param($word, $line, $position)
                $given = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" } |
                    Where-Object { $_ -ne $word })
                $command = ''
                foreach ($one in $given) {
                    $longer = if ($command) { "$command $one" } else { $one }
                    if ($demWords.ContainsKey($longer)) { $command = $longer }
                }
                $last = if ($given.Count) { $given[-1] } else { '' }
                if ($demValues.ContainsKey($last)) { $words = $demValues[$last] }
                # Without an answer the shell completes names of files.
                elseif ($demOtherValues -contains $last) { return }
                else {
                    $words = $demWords[$command]
                    if ($demFiles -contains $command -and $word -notlike '-*') {
                        $words = @($words | Where-Object { $_ -notlike '-*' })
                        [System.Management.Automation.CompletionCompleters]::CompleteFilename($word)
                    }
                }
                $words | Where-Object { $_ -like "$word*" } |
                    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
            }

            """.ReplaceLineEndings("\n"));
        return script.ToString();
    }

    private static IEnumerable<string> Words(Command command, Command root) =>
        command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name)
            .Concat(command == root ? [Help] : [])
            .Concat(command.Arguments.SelectMany(argument => CommandWords.ValuesOf(argument.HelpName)))
            .Concat(CommandWords.OptionsOf(command, root).SelectMany(CommandWords.NamesOf))
            .Concat(command.Options.Any(option => option.Name == "--resume") ? ["--resume=auto"] : []);

    private static string FishQuote(string? text) =>
        $"'{text?.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    private static string Quote(string? text) => $"'{text?.Replace("'", "''", StringComparison.Ordinal)}'";
}
